use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::freshness::time_to_live;
use super::tags::cache_tags;
use crate::distribution::Distribution;

/// The response of an origin, without its hop-by-hop headers.
#[derive(Clone, Debug)]
pub(crate) struct OriginResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An origin response in the cache: with its tags and times, without the tag header.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) response: OriginResponse,
    pub(super) tags: BTreeSet<String>,
    received_at: Timestamp,
    expires_at: Timestamp,
}

impl Object {
    pub(crate) fn new(mut response: OriginResponse, distribution: &Distribution, received_at: Timestamp) -> Self {
        let ttl = time_to_live(response.status, &response.headers, distribution);
        let mut tags = BTreeSet::new();
        if let Some(header_name) = &distribution.cache_tag_header {
            tags = cache_tags(&response.headers, header_name);
            response.headers.remove(header_name);
        }
        // A TTL beyond the largest timestamp never expires.
        let expires_at = received_at.checked_add(ttl).unwrap_or(Timestamp::MAX);
        Self { response, tags, received_at, expires_at }
    }

    pub(crate) fn may_be_stored(&self) -> bool {
        self.expires_at > self.received_at
    }

    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The value of the `Age` header: whole seconds since the origin responded.
    pub(crate) fn age_secs(&self, now: Timestamp) -> i64 {
        now.duration_since(self.received_at).as_secs().max(0)
    }
}
