//! Delivery of images: `GET /api/v2/img/<imagePackId>[-<suffix>]?location=<name>`.
//!
//! The Lambda function image-processing runs this crate as the only origin of every tenant's distribution. [`Handler`]
//! responds with the variant that the variants bucket stores, or renders the variant from the original, stores it and
//! responds with it. Every response that CloudFront caches carries the cache tags by which a purge invalidates it.
//!
//! The crate uses AWS through the traits of [`ports`] only; it depends on no SDK.

mod api_error;
mod coalescing;
mod handler;
pub mod ports;
mod rendering;
mod request;
mod response;
mod unrenderable;
mod variant_spec;

pub use handler::Handler;
pub use request::TENANT_HEADER;
