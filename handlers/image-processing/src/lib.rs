//! A viewer's image: `GET /api/v2/img/<imagePackId>[-<suffix>]?location=<name>`.
//!
//! This function is the only origin of every tenant's distribution. It responds with the variant that the variants
//! bucket holds, or renders it from the original, stores it and responds with it. Every response that CloudFront keeps
//! carries cache tags by which a purge finds it.

pub mod aws;
mod handler;
mod rendering;
pub mod ports;
mod variant_spec;
mod api_error;
mod request;
mod response;
mod coalescing;

pub use handler::Handler;
pub use request::TENANT_HEADER;
