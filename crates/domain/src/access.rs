//! Access: the tenants of a token, and the addresses that an image may be fetched from.

pub mod authorization;
pub mod public_address;
