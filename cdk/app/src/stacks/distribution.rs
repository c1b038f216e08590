//! The properties that every distribution of an environment has: one of a tenant, and the multi-tenant one.

use std::time::Duration;

use aws_cdk_lib::aws_certificatemanager::Certificate;
use aws_cdk_lib::aws_cloudfront::{
    BehaviorOptions, CfnDistribution, Distribution, DistributionProps, ErrorResponse, HttpVersion,
    OriginProtocolPolicy, SecurityPolicyProtocol, ViewerProtocolPolicy,
};
use aws_cdk_lib::aws_cloudfront_origins::{HttpOrigin, HttpOriginProps};
use aws_cdk_lib::{Result, Stack};
use serde_json::Value;

use crate::config::Environment;
use crate::nag::acknowledge;
use crate::stacks::edge::Edge;

/// The origin image-processing without the tenant that each request names.
pub(crate) fn origin(environment: &Environment, edge: &Edge) -> HttpOriginProps {
    HttpOriginProps::new()
        .protocol_policy(OriginProtocolPolicy::HttpsOnly)
        .origin_access_control_id(edge.origin_access_control_id.as_str())
        .read_timeout(Duration::from_secs(environment.origin_timeout_secs().into()))
}

/// The only behavior of a distribution.
pub(crate) fn behavior(origin: &HttpOrigin, edge: &Edge) -> BehaviorOptions {
    BehaviorOptions::new(origin)
        .cache_policy(&edge.cache_policy)
        .response_headers_policy(&edge.response_headers)
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        // Image formats are compressed.
        .compress(false)
}

/// A distribution without host names.
pub(crate) fn props(
    stack: &Stack,
    environment: &Environment,
    edge: &Edge,
    behavior: BehaviorOptions,
    comment: String,
) -> DistributionProps {
    let certificate = Certificate::from_certificate_arn(stack, "Certificate", &environment.viewer.certificate_arn);
    let props = DistributionProps::new(behavior)
        .comment(comment)
        .certificate(certificate)
        // The newest policy that still takes TLS 1.2.
        .minimum_protocol_version(SecurityPolicyProtocol::TlsV1_2_2025)
        .error_responses(error_responses())
        .http_version(HttpVersion::Http2And3);
    match &edge.web_acl {
        Some(arn) => props.web_acl_id(arn.as_str()),
        None => props,
    }
}

/// Sets the properties of `DistributionConfig` that the L2 construct does not have: the header of cache tags, and `others`.
/// `Null` removes a property.
pub(crate) fn complete(
    distribution: &Distribution,
    environment: &Environment,
    others: impl IntoIterator<Item = (&'static str, Value)>,
) -> Result<()> {
    acknowledge(
        distribution,
        [
            ("AwsSolutions-CFR1", "Viewers of every country see the images"),
            ("AwsSolutions-CFR2", "`viewer.requests_per_address` adds a limit by AWS WAF, which is billed"),
            ("AwsSolutions-CFR3", "`logs.distributions` has the requests logged, with the addresses of viewers"),
        ],
    )?;
    let Some(resource) = distribution.node()?.default_child()? else { return Ok(()) };
    let resource = resource.cast::<CfnDistribution>()?;
    let header = environment.viewer.cache_tag_header.as_str();
    resource.add_property_override("DistributionConfig.CacheTagConfig.HeaderName", header)?;
    for (name, value) in others {
        let path = format!("DistributionConfig.{name}");
        if value.is_null() {
            resource.add_property_deletion_override(path)?;
        } else {
            resource.add_property_override(path, value)?;
        }
    }
    Ok(())
}

/// Error responses with a minimum TTL of 0, instead of CloudFront's default of 10 seconds: the `Cache-Control` of
/// image-processing decides.
fn error_responses() -> [ErrorResponse; 8] {
    [404, 405, 414, 500, 501, 502, 503, 504].map(|status| ErrorResponse::new(status).ttl(Duration::ZERO))
}
