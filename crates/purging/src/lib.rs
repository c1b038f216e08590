//! The purge protocol, over [`ports`] to the AWS services.
//!
//! `domain::purge::planner` decides what is sent, in which batches, and which entries leave the queue. [`purge_run`]
//! is one invocation that empties the queue, [`manual_purge`] the purge of one pack by an admin; both send requests
//! by the [`executor`]. [`tracking`] follows each request until CloudFront has completed it, [`bisection`] finds the
//! item that CloudFront rejects. A request that CloudFront rejects for a reason that can end is [`delayed`]. [`stream`]
//! writes the queue's rows, and [`publisher`] the events of completed purges. A crash at any point leaves rows from which the next purge run continues.
//!
//! Adapters do not belong here: nothing in this crate depends on an AWS SDK or reads a clock (`clippy.toml`).

pub mod allowance;
pub mod bisection;
pub mod delayed;
pub mod executor;
pub mod manual_purge;
pub mod ports;
pub mod publisher;
pub mod purge_completed;
pub mod purge_run;
pub mod purger;
mod retry;
mod step_error;
pub mod stream;
mod submission;
pub mod tracking;
pub mod variant_deletion;
pub mod wake_up;

pub use step_error::StepError;
