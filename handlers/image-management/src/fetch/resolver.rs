//! Resolves host names to public addresses only.

use std::io;
use std::net::SocketAddr;

use domain::access::public_address::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver; rejects a name if one of its addresses is not public. The client connects to the addresses
/// that this resolver returns, so a name cannot change its address between check and use.
#[derive(Debug, Clone, Copy)]
pub(super) struct PublicAddresses;

/// The error for a name with an address that is not public.
#[derive(Debug, thiserror::Error)]
#[error("the name resolves to an address that is not public")]
pub(super) struct NotPublicError;

/// The error for a name without an address.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be resolved")]
pub(super) struct UnknownHostError(#[source] io::Error);

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The client replaces the port by the URL's.
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(UnknownHostError)?;
            let addresses: Vec<SocketAddr> = addresses.collect();
            if !addresses.iter().all(|address| is_public(address.ip())) {
                return Err(NotPublicError.into());
            }
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
