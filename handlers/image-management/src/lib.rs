//! The management API: `/adminAPI/…`, by which editors change images.
//!
//! What an edit writes is decided in the domain crate; this crate reads requests, stores originals and responds. Its
//! contract is `docs/management-api.md`. Every write is made at the revision that was read, and an original is stored
//! before the pack names it, under a key that nothing else has: whatever fails on the way, the pack shows what it
//! showed.

mod action;
mod body;
mod edit;

pub mod fetch;
mod handler;
mod images;
mod location_configs;
mod management_error;
mod originals;
mod packs;
mod request;
mod response;
mod uploads;

pub use handler::Handler;
