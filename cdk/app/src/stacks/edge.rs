//! An edge stack: the policies and the origin access control that up to 100 distributions share.

use std::time::Duration;

use aws_cdk_lib::aws_cloudfront::{
    CachePolicy, CacheQueryStringBehavior, FunctionUrlOriginAccessControl, ResponseCustomHeader,
    ResponseCustomHeadersBehavior, ResponseHeadersContentTypeOptions, ResponseHeadersPolicy,
    ResponseHeadersStrictTransportSecurity, ResponseSecurityHeadersBehavior,
};
use aws_cdk_lib::aws_s3::Bucket;
use aws_cdk_lib::{Result, Stack};
use contract::query::{DATE, LOCATION};

use crate::config::Environment;
use crate::stacks::Data;

/// The time for which a browser requests a tenant's host by HTTPS only.
const HTTPS_ONLY: Duration = Duration::from_hours(365 * 24);

/// The resources that the distributions of one edge stack share. Each tenant names its edge stack, so that none moves to
/// another when a tenant is added or removed.
pub(crate) struct Edge {
    pub(crate) cache_policy_id: String,
    pub(crate) response_headers_policy_id: String,
    /// The id of the origin access control, which signs the requests to image-processing.
    pub(crate) origin_access_control_id: String,
    /// The bucket of access logs, if the distributions have any.
    pub(crate) access_logs: Option<Bucket>,
    /// The ARN of the web ACL, if the distributions have one.
    pub(crate) web_acl: Option<String>,
}

impl Edge {
    pub(crate) fn declare(
        stack: &Stack,
        environment: &Environment,
        data: &Data,
        web_acl: Option<String>,
    ) -> Result<Self> {
        let viewer = &environment.viewer;
        // Only `location` selects a variant, and `date` shows what the origin answers now; no other query parameter may
        // create another cache entry.
        let cache_policy = CachePolicy::builder(stack, "CachePolicy")
            .query_string_behavior(CacheQueryStringBehavior::allow_list([LOCATION, DATE]))
            .min_ttl(Duration::ZERO)
            .default_ttl(Duration::ZERO)
            .max_ttl(Duration::from_hours(24 * u64::from(viewer.cached_days_max)))
            .build()?;
        let response_headers = ResponseHeadersPolicy::builder(stack, "ResponseHeaders")
            .comment(format!("Strips cache tags and adds security headers ({})", environment.name))
            .remove_headers([viewer.cache_tag_header.as_str()])
            .security_headers_behavior(
                ResponseSecurityHeadersBehavior::new()
                    .content_type_options(ResponseHeadersContentTypeOptions::new(true))
                    .strict_transport_security(ResponseHeadersStrictTransportSecurity::new(HTTPS_ONLY, true)),
            )
            // Pages of other sites show the images.
            .custom_headers_behavior(ResponseCustomHeadersBehavior::new([ResponseCustomHeader::new(
                "cross-origin-resource-policy",
                true,
                "cross-origin",
            )]))
            .build()?;
        let access = FunctionUrlOriginAccessControl::new(stack, "ImageProcessingAccess")?;
        let access_logs = data.access_logs.clone().filter(|_| environment.logs.distributions);
        Ok(Self {
            cache_policy_id: cache_policy.cache_policy_id()?,
            response_headers_policy_id: response_headers.response_headers_policy_id()?,
            origin_access_control_id: access.origin_access_control_id()?,
            access_logs,
            web_acl,
        })
    }
}
