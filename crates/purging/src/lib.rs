//! The purge protocol: what a purge does step by step, over [`ports`] to the world outside.
//!
//! What is sent, in which batches, and what may leave the queue is decided by `domain::purge::planner`. [`executor`] carries a
//! plan out, [`tracking`] tracks each request until it is completed, and [`bisection`] finds the item that CloudFront
//! rejects. A crash anywhere leaves rows from which the next purge run goes on.

pub mod bisection;
pub mod executor;
pub mod ports;
pub mod purge_run;
pub mod purger;
pub mod stream;
mod submission;
pub mod tracking;
mod variant_deletion;
