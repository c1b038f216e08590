//! The purge protocol: what a purge does step by step, over [`ports`] to the world outside.
//!
//! What is sent, in which batches, and what may leave the queue is decided by `domain::purge::planner`. [`executor`] carries a
//! plan out, [`follow_up`] sees each request through to its end, and [`isolation`] finds what CloudFront refuses. A
//! crash anywhere leaves rows from which the next run goes on.

mod dispatch;
pub mod executor;
pub mod follow_up;
pub mod isolation;
pub mod ports;
pub mod purger;
mod sweep;
