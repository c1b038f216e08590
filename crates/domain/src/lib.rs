//! The decisions of image cache invalidation, as pure functions.
//!
//! Which writes are meaningful ([`change_detection`]), what a purge covers ([`target`]), how a burst of writes
//! becomes one queue row each ([`enqueue`]), and what a run sends to S3 and CloudFront, in which batches and under
//! which budgets ([`planner`]); what an edit of a pack or of a location's configuration writes ([`pack_edit`],
//! [`location_settings`]). Nothing here does I/O or reads a clock, an environment variable or a random source: time
//! and identity come in as arguments, and the adapters carry out what is decided. `tests/purity.rs` holds this
//! crate to that.

pub mod attribute_names;
pub mod authorization;
pub mod cache_tag;
pub mod caller_reference;
pub mod change_detection;
pub mod enqueue;
pub mod identifier;
pub mod image_pack;
pub mod image_url;
pub mod invalidation_item;
pub mod ledger;
pub mod limits;
pub mod location_settings;
pub mod managed_pack;
pub mod pack_description;
pub mod pack_edit;
pub mod picture_place;
pub mod picture_revision;
pub mod planner;
pub mod public_address;
pub mod purge_preview;
pub mod purge_request;
pub mod purge_status;
pub mod queue_entry;
pub mod resync;
pub mod target;
pub mod timestamp;
pub mod variant_key;

pub use attribute_names::AttributeNames;
pub use identifier::{ImagePackId, InvalidIdentifier, LocationName, Suffix, TenantId};
pub use target::Target;
pub use timestamp::Timestamp;
