//! The decisions of image cache invalidation, as pure functions.
//!
//! Nothing here does I/O or reads a clock, an environment variable or a random source: time and identity are arguments
//! (see [`Context`]), and the adapters carry out the decisions. `clippy.toml` beside this crate denies the
//! rest.
//!
//! | module | decision |
//! |---|---|
//! | [`target`], [`timestamp`] | the images that a purge covers; points in time |
//! | [`change`] | the writes that are meaningful |
//! | [`queue`] | one queue row for each target, whatever the number of writes |
//! | [`image`] | packs, URLs, keys and fingerprints of variants |
//! | [`purge`] | the requests that a purge run sends to CloudFront, within its limits; ledger and status |
//! | [`measurements`] | what an event changes in the metrics |
//! | [`warming`] | the images that are requested in advance after a purge |
//! | [`editing`] | the attributes that an edit of a pack or of a location's configuration writes |
//! | [`schema`] | the schemas of texts and numbers in `docs/openapi.json` |
//! | [`access`] | the tenants of a token; the addresses that an image may be fetched from; the purges that a tenant may begin |
//!
//! A module uses only modules before it: `target`, `timestamp` < `change` < `queue` < `purge`. `schema` uses no other
//! module, `image` uses `target` only; `purge`, `editing` and `warming` use `image`; `measurements` uses `queue` and `purge`.
//! `access` uses `timestamp` only. Within
//! [`purge`] the order is `cache_tag` < `invalidation_item`, `caller_reference` < `batch` <
//! `purge_request` < `limits`, `ledger`, `pacer` < `deletion`, `manual_purge` < `queued_purge`, `purge_preview`, `resync` < `planner` <
//! `purge_status` < `overview`.
//!
//! The identifiers and [`Distribution`], the distribution of a tenant as its stack registers it, are defined in the
//! contract crate.

pub mod access;
pub mod change;
pub mod context;
pub mod editing;
pub mod image;
pub mod measurements;
mod null_attribute;
pub mod purge;
pub mod queue;
pub mod schema;
pub mod target;
pub mod timestamp;
pub mod warming;

pub use context::Context;
pub use contract::attribute_names::{self, AttributeNames};
pub use contract::identifier::{self, ImagePackId, InvalidIdentifierError, LocationName, Suffix, TenantId};
pub use contract::names::Distribution;
pub use measurements::Measurements;
pub use target::Target;
pub use timestamp::Timestamp;
