//! The invalidation queue: one row for each target, whatever the number of writes.

pub mod enqueue;
pub mod purge_cause;
pub mod queue_entry;
