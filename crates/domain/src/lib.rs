//! The decisions of image cache invalidation, as pure functions.
//!
//! Which writes are meaningful ([`change_detection`](change::detection)), what a purge covers ([`target`]), how a burst of writes
//! becomes one queue row each ([`enqueue`](queue::enqueue)), and what a purge run sends to S3 and CloudFront, in which
//! batches and under which budgets ([`planner`](purge::planner)); what an edit of a pack or of a location's
//! configuration writes ([`pack_edit`](editing::pack_edit), [`location_config`](editing::location_config)). Nothing
//! here does I/O or reads a clock, an environment variable or a random source: time and identity come in as arguments,
//! and the adapters carry out what is decided. `clippy.toml` beside this crate denies it.

pub mod access;
pub mod attribute_names;
pub mod change;
pub mod context;
pub mod editing;
pub mod identifier;
pub mod image;
pub mod purge;
pub mod queue;
pub mod target;
pub mod timestamp;

pub use attribute_names::AttributeNames;
pub use context::Context;
pub use identifier::{ImagePackId, InvalidIdentifier, LocationName, Suffix, TenantId};
pub use target::Target;
pub use timestamp::Timestamp;
