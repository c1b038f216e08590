//! The viewers' side: host names, certificate, and the distributions.

use contract::HeaderName;
use schemars::JsonSchema;
use serde::Deserialize;

use super::defaults;

/// The viewers' side.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Viewer {
    /// The distributions of the tenants.
    #[serde(default)]
    pub mode: ViewerMode,
    /// Domain of the tenants' host names.
    pub domain: String,
    /// The certificate for `*.<domain>`, in us-east-1.
    pub certificate_arn: String,
    /// The name of the Route 53 zone that holds the domain.
    pub hosted_zone_name: String,
    /// The zone's id.
    pub hosted_zone_id: String,
    /// The response header that carries cache tags to CloudFront.
    #[serde(default = "defaults::cache_tag_header")]
    #[schemars(with = "String")]
    pub cache_tag_header: HeaderName,
    /// Longest time that an edge may keep a variant, in days.
    #[serde(default = "defaults::cached_days_max")]
    pub cached_days_max: u32,
    /// Requests that one address may make to all distributions in five minutes; without it, no limit.
    pub requests_per_address: Option<u32>,
}

/// The distributions of the tenants. An environment keeps its mode: CloudFront does not let two distributions have one
/// host name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ViewerMode {
    /// A distribution for each tenant.
    #[default]
    DistributionPerTenant,
    /// One multi-tenant distribution, with a distribution tenant for each tenant.
    MultiTenant,
}
