//! A viewer's image: `GET /api/v2/img/<imagePackId>[-<suffix>]?location=<name>`.
//!
//! This function is the only origin of every tenant's distribution. It responds with the variant that the variants
//! bucket holds, or renders it from the original, stores it and responds with it. Every response that CloudFront keeps
//! carries cache tags by which a purge finds it.

mod api_error;
mod coalescing;
mod handler;
pub mod ports;
mod rendering;
mod request;
mod response;
mod variant_spec;

pub use handler::Handler;
pub use request::TENANT_HEADER;
