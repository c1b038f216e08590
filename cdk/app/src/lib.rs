//! The topology of image cache invalidation: one CDK stage per environment, with a data stack, a pipeline stack and
//! one stack per tenant.
//!
//! Stacks read like the diagram in ARCHITECTURE.md: nodes in the order in which data flows, then the edges between
//! them. A construct's path decides its logical id, so renaming one replaces the resource; `tests/templates` holds the
//! logical ids of everything that keeps data.

pub mod config;

mod alarms;
mod api;
mod functions;
mod schedule;
mod stacks;

pub use stacks::{ApplicationFailed, declare};
