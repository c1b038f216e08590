//! The configuration that every distribution of an environment has: one of a tenant, and the multi-tenant one.
//!
//! The L1 construct declares a distribution: the L2 construct `Distribution` has neither the header of cache tags nor the
//! properties of a multi-tenant distribution (docs/adr/0058).

use aws_cdk_lib::aws_cloudfront::CfnDistribution;
use aws_cdk_lib::aws_cloudfront::cfn_distribution::{
    CacheTagConfigProperty, CustomErrorResponseProperty, CustomOriginConfigProperty, DefaultCacheBehaviorProperty,
    DistributionConfigProperty, OriginProperty, ViewerCertificateProperty,
};
use aws_cdk_lib::constructs::Construct;
use aws_cdk_lib::{Result, Stack};

use crate::config::Environment;
use crate::nag::acknowledge;
use crate::stacks::edge::Edge;
use crate::stacks::pipeline::Pipeline;

/// The id of the only origin.
const ORIGIN: &str = "image-processing";

/// The origin image-processing without the tenant that each request names.
pub(crate) fn origin(environment: &Environment, pipeline: &Pipeline, edge: &Edge) -> OriginProperty {
    OriginProperty::new(pipeline.origin_host.as_str(), ORIGIN)
        .origin_access_control_id(edge.origin_access_control_id.as_str())
        .custom_origin_config(
            CustomOriginConfigProperty::new("https-only")
                .origin_ssl_protocols(["TLSv1.2"])
                .origin_read_timeout(environment.origin_timeout_secs()),
        )
}

/// The only behavior of a distribution.
pub(crate) fn behavior(edge: &Edge) -> DefaultCacheBehaviorProperty {
    DefaultCacheBehaviorProperty::new(ORIGIN, "redirect-to-https")
        .cache_policy_id(edge.cache_policy_id.as_str())
        .response_headers_policy_id(edge.response_headers_policy_id.as_str())
        // Image formats are compressed.
        .compress(false)
}

/// A distribution without host names.
pub(crate) fn config(
    environment: &Environment,
    edge: &Edge,
    origin: OriginProperty,
    behavior: DefaultCacheBehaviorProperty,
    comment: String,
) -> DistributionConfigProperty {
    let viewer = &environment.viewer;
    DistributionConfigProperty::new(behavior, true)
        .comment(comment)
        .origins([origin])
        .cache_tag_config(CacheTagConfigProperty::new(viewer.cache_tag_header.as_str()))
        .viewer_certificate(
            ViewerCertificateProperty::new()
                .acm_certificate_arn(viewer.certificate_arn.as_str())
                .ssl_support_method("sni-only")
                // The newest policy that still takes TLS 1.2.
                .minimum_protocol_version("TLSv1.2_2025"),
        )
        .custom_error_responses(error_responses())
        .http_version("http2and3")
        .web_acl_id(edge.web_acl.as_deref())
}

/// Declares the distribution of a stack.
pub(crate) fn declare(stack: &Stack, config: DistributionConfigProperty) -> Result<CfnDistribution> {
    // The path that the L2 construct gives its resource: at another one, a deployment would replace each distribution.
    let scope = Construct::new(stack, "Distribution")?;
    acknowledge(
        &scope,
        [
            ("AwsSolutions-CFR1", "Viewers of every country see the images"),
            ("AwsSolutions-CFR2", "`viewer.requests_per_address` adds a limit by AWS WAF, which is billed"),
            ("AwsSolutions-CFR3", "`logs.distributions` has the requests logged, with the addresses of viewers"),
        ],
    )?;
    CfnDistribution::builder(&scope, "Resource", config).build()
}

/// Error responses with a minimum TTL of 0, instead of CloudFront's default of 10 seconds: the `Cache-Control` of
/// image-processing decides.
fn error_responses() -> [CustomErrorResponseProperty; 8] {
    [404, 405, 414, 500, 501, 502, 503, 504]
        .map(|status| CustomErrorResponseProperty::new(status).error_caching_min_ttl(0))
}
