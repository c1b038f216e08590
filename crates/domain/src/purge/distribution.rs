//! The CloudFront distribution of a tenant, as its stack registers it.

pub use contract::names::Distribution;
