//! Resolves names to public addresses or to nothing.

use std::net::SocketAddr;

use domain::access::public_address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver, which rejects a name if any of its addresses is not public. What it returns is what is
/// connected to, so that a name cannot mean one thing when it is checked and another when it is used.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicAddresses;

/// A name whose addresses are not all public.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not public")]
pub(super) struct NotPublicError;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is replaced by the URL's.
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if !addresses.iter().all(|address| is_public(address.ip())) {
                return Err(NotPublicError.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
