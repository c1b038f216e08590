//! The handlers, each situation in a file of its own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod invalidation;
mod purge;
mod stream;
