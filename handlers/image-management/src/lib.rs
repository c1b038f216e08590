//! The management API, `/adminAPI/…`: editors change images with it.
//!
//! The domain crate decides the attributes that an edit writes; this crate parses requests, stores originals and
//! responds. Its contract is `docs/management-api.md`. Each write requires the revision that was read. An original is
//! stored under a unique key before the pack names it, so after any failure the pack shows its former image.

mod action;
mod edit;

pub mod fetch;
mod handler;
mod images;
mod location_configs;
mod management_error;
mod openapi;
mod originals;
mod packs;
mod request;
mod response;
mod uploads;

pub use handler::Handler;
pub use openapi::openapi;
