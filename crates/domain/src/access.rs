//! Access: the tenants of a token, the addresses that an image may be fetched from, and the purges that a tenant may
//! begin.

pub mod allowance;
pub mod authorization;
pub mod public_address;
