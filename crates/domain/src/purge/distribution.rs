//! The CloudFront distribution of a tenant.

use serde::{Deserialize, Serialize};

/// The distribution that caches a tenant's images, as the tenant's stack registered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Distribution {
    /// CloudFront's id of the distribution.
    pub distribution_id: String,
    /// Whether its configuration has a cache-tag header.
    pub cache_tags: bool,
}
