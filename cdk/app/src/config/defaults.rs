//! The values of keys that an environment's file leaves out: those of a production environment.

use contract::{Contact, HeaderName, QuotaSchemes, limits};

use super::{AdminApi, Architecture, Handlers, Logs, Profile, Purge, Stream};

/// See [`Viewer::cache_tag_header`](super::Viewer::cache_tag_header).
pub(super) fn cache_tag_header() -> HeaderName {
    HeaderName::of_cache_tags()
}

/// See [`Viewer::cached_days_max`](super::Viewer::cached_days_max).
pub(super) const fn cached_days_max() -> u32 {
    limits::CACHED_DAYS_MAX
}

impl Default for AdminApi {
    fn default() -> Self {
        Self {
            domain: None,
            issuer: None,
            audience: None,
            scope: "images:purge".to_owned(),
            management_scope: "images:manage".to_owned(),
            tenant_claim: "tenants".to_owned(),
            requests_per_second: 20,
            requests_burst: 40,
            allowed_origins: Vec::new(),
            fetch_contact: Contact::default(),
        }
    }
}

impl Default for Handlers {
    fn default() -> Self {
        Self {
            architecture: Architecture::Arm64,
            profile: Profile::Release,
            image_processing_timeout_secs: limits::RENDER_TIMEOUT_SECS,
            image_processing_reserved_concurrency: 200,
            purge_reserved_concurrency: None,
            traffic_shift: None,
            x_ray: false,
        }
    }
}

impl Default for Logs {
    fn default() -> Self {
        Self { kept_days: 90, distributions: false, buckets: false }
    }
}

impl Default for Stream {
    fn default() -> Self {
        // Six hours: a quarter of the time for which the stream keeps a record.
        Self { batch_size: 100, batch_window_secs: 0, record_age_max_secs: 21_600 }
    }
}

impl Default for Purge {
    fn default() -> Self {
        Self {
            every_minutes: 5,
            wake: true,
            edge_fetch_max_secs: limits::EDGE_FETCH_MAX_SECS,
            settle_delay_secs: None,
            early_purge_targets_max: limits::EARLY_PURGE_TARGETS_MAX,
            quotas: QuotaSchemes::Both,
            calls_interval_millis: limits::CALLS_INTERVAL_MILLIS,
            calls_burst: limits::CALLS_BURST,
            items_per_request_max: limits::ITEMS_PER_REQUEST_MAX,
            manual_purges_per_minute: limits::MANUAL_PURGES_PER_MINUTE,
            manual_purges_burst: limits::MANUAL_PURGES_BURST,
            ledger_retention_days: limits::LEDGER_RETENTION_DAYS,
        }
    }
}
