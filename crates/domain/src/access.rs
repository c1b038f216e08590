//! Access: tenants of a token, and addresses that may be fetched.

pub mod authorization;
pub mod public_address;
