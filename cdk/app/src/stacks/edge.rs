//! An edge stack: the policies and the origin access control that up to 100 distributions share.

use aws_cdk_lib::aws_cloudfront::{
    CachePolicy, CachePolicyProps, CacheQueryStringBehavior, FunctionUrlOriginAccessControl, ResponseHeadersPolicy,
    ResponseHeadersPolicyProps,
};
use aws_cdk_lib::{Duration, Result, Stack};
use contract::query::{DATE, LOCATION};

use crate::config::Environment;

/// What the distributions of one group share. Their tenants name the group, so that no tenant moves to another when
/// one is added or removed.
pub(crate) struct Edge {
    pub(crate) cache_policy: CachePolicy,
    pub(crate) response_headers: ResponseHeadersPolicy,
    /// The id of the origin access control, which signs the requests to image-processing.
    pub(crate) origin_access_control_id: String,
}

impl Edge {
    pub(crate) fn declare(stack: &Stack, environment: &Environment) -> Result<Self> {
        let viewer = &environment.viewer;
        // Only `location` selects a variant, and `date` shows what the origin answers now; no other query parameter may
        // create another cache entry.
        let cache_policy = CachePolicy::new_with_props(
            stack,
            "CachePolicy",
            CachePolicyProps::new()
                .query_string_behavior(&CacheQueryStringBehavior::allow_list([LOCATION, DATE])?)
                .min_ttl(&Duration::seconds(0)?)
                .default_ttl(&Duration::seconds(0)?)
                .max_ttl(&Duration::days(viewer.cached_days_max)?),
        )?;
        let response_headers = ResponseHeadersPolicy::new_with_props(
            stack,
            "ResponseHeaders",
            ResponseHeadersPolicyProps::new()
                .comment(format!("Strips the cache tags of {}", environment.name))
                .remove_headers([viewer.cache_tag_header.as_str()]),
        )?;
        let access = FunctionUrlOriginAccessControl::new(stack, "ImageProcessingAccess")?;
        Ok(Self { cache_policy, response_headers, origin_access_control_id: access.origin_access_control_id()? })
    }
}
