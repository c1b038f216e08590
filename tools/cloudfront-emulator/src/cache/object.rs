use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;

use super::freshness::{Lifetime, error_caching_min, lifetime};
use super::tags::cache_tags;
use crate::clock::after;
use crate::distribution::Distribution;

/// The response of an origin, without its hop-by-hop headers.
#[derive(Clone, Debug)]
pub(crate) struct OriginResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An origin response with its tags and times.
#[derive(Debug)]
pub(crate) struct Object {
    pub(crate) response: OriginResponse,
    /// Whether the origin confirmed an expired object instead of sending a new one.
    pub(crate) is_revalidated: bool,
    pub(super) tags: BTreeSet<String>,
    /// The time until CloudFront asks the origin again, if this is a failure of the origin.
    pub(super) retry_after: Duration,
    received_at: Timestamp,
    expires_at: Timestamp,
    stale_for: Duration,
}

impl Object {
    pub(crate) fn new(response: OriginResponse, distribution: &Distribution, received_at: Timestamp) -> Self {
        let Lifetime { fresh_for, stale_for } = lifetime(response.status, &response.headers, distribution);
        let tags = distribution.cache_tag_header.as_ref().map(|name| cache_tags(&response.headers, name));
        Self {
            is_revalidated: false,
            tags: tags.unwrap_or_default(),
            retry_after: error_caching_min(response.status, distribution),
            received_at,
            expires_at: after(received_at, fresh_for),
            stale_for,
            response,
        }
    }

    /// This object after the origin has confirmed it with a 304 that has these headers. Whether a 304 refreshes the
    /// cache tags is not documented: in the worse case it does not.
    pub(crate) fn revalidated(&self, not_modified: &HeaderMap, distribution: &Distribution, now: Timestamp) -> Self {
        let mut response = self.response.clone();
        for (name, value) in not_modified {
            response.headers.insert(name, value.clone());
        }
        let refreshed = Self::new(response, distribution, now);
        Self { is_revalidated: true, tags: self.tags.clone(), ..refreshed }
    }

    /// Whether requests that arrive during its fetch get it, too.
    pub(crate) fn may_be_shared(&self) -> bool {
        self.expires_at > self.received_at
    }

    /// Whether this is a failure of the origin, in which CloudFront serves an expired object.
    pub(crate) fn is_failure(&self) -> bool {
        self.response.status.is_server_error()
    }

    pub(crate) fn etag(&self) -> Option<&HeaderValue> {
        self.response.headers.get(header::ETAG)
    }

    /// The value of the `Age` header: whole seconds since the origin responded.
    pub(crate) fn age_secs(&self, now: Timestamp) -> i64 {
        now.duration_since(self.received_at).as_secs().max(0)
    }

    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whether the object is served if the origin fails.
    pub(super) fn is_usable_on_failure(&self, now: Timestamp) -> bool {
        self.may_be_served_stale() && now < after(self.expires_at, self.stale_for)
    }

    pub(super) fn may_be_served_stale(&self) -> bool {
        !self.stale_for.is_zero()
    }
}
