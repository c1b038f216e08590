//! The stack of one tenant: its distribution, host name and registration. For an existing distribution, its registration
//! and the grant to purge it.

use aws_cdk_lib::aws_certificatemanager::Certificate;
use aws_cdk_lib::aws_cloudfront::{
    BehaviorOptions, CfnDistribution, Distribution, DistributionProps, ErrorResponse, HttpVersion,
    OriginProtocolPolicy, SecurityPolicyProtocol, ViewerProtocolPolicy,
};
use aws_cdk_lib::aws_cloudfront_origins::{HttpOrigin, HttpOriginProps};
use aws_cdk_lib::aws_iam::{IRole, Policy, PolicyProps, PolicyStatement, PolicyStatementProps};
use aws_cdk_lib::aws_route53::{
    ARecord, ARecordProps, AaaaRecord, AaaaRecordProps, HostedZone, HostedZoneAttributes, IHostedZone, RecordTarget,
};
use aws_cdk_lib::aws_route53_targets::CloudFrontTarget;
use aws_cdk_lib::aws_ssm::{StringParameter, StringParameterProps};
use aws_cdk_lib::{ArnComponents, CfnOutput, CfnOutputProps, Duration, Result, Stack};
use contract::TenantId;
use contract::headers::TENANT_HEADER;
use contract::names::{Distribution as Registration, tenant_registry_path};
use serde_json::json;

use crate::config::{Environment, ExistingDistribution};
use crate::functions::Live;
use crate::nag::acknowledge;
use crate::stacks::edge::Edge;
use crate::stacks::pipeline::Pipeline;

/// Declares a new distribution.
pub(crate) fn declare(
    stack: &Stack,
    environment: &Environment,
    tenant: &TenantId,
    pipeline: &Pipeline,
    edge: &Edge,
) -> Result<()> {
    let host = host(environment, tenant);
    let distribution = distribution(stack, environment, tenant, &host, pipeline, edge)?;
    alias(stack, environment, &host, &distribution)?;
    register(stack, environment, tenant, &distribution.distribution_id()?, true)
}

/// Declares what an existing distribution needs.
pub(crate) fn declare_existing(
    stack: &Stack,
    environment: &Environment,
    tenant: &TenantId,
    ExistingDistribution { id, cache_tags }: &ExistingDistribution,
    pipeline: &Pipeline,
) -> Result<()> {
    let arn = ArnComponents::new("distribution", "cloudfront").region("").resource_name(id.as_str());
    grant_purging(stack, tenant, pipeline, &stack.format_arn(arn)?)?;
    register(stack, environment, tenant, id, *cache_tags)
}

fn host(environment: &Environment, tenant: &TenantId) -> String {
    format!("{tenant}.{}", environment.viewer.domain)
}

/// Registers the tenant's distribution for the functions that purge, and outputs its id and its address.
fn register(
    stack: &Stack,
    environment: &Environment,
    tenant: &TenantId,
    distribution_id: &str,
    cache_tags: bool,
) -> Result<()> {
    let registration = Registration { distribution_id: distribution_id.to_owned(), cache_tags };
    StringParameter::new(
        stack,
        "Registration",
        StringParameterProps::new(json!(registration).to_string())
            .parameter_name(format!("{}/{tenant}", tenant_registry_path(&environment.name)))
            .description(format!("The distribution of {tenant}")),
    )?;
    let url = format!("https://{}/api/v2/img/", host(environment, tenant));
    CfnOutput::new(stack, "DistributionId", CfnOutputProps::new(distribution_id))?;
    CfnOutput::new(stack, "ViewerUrl", CfnOutputProps::new(url))?;
    Ok(())
}

/// Grants the functions that purge to invalidate an existing distribution, which may lack the tag of the environment.
fn grant_purging(stack: &Stack, tenant: &TenantId, pipeline: &Pipeline, distribution_arn: &str) -> Result<()> {
    let purge = PolicyStatement::new_with_props(
        PolicyStatementProps::new()
            .actions(["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"])
            .resources([distribution_arn]),
    )?;
    let mut roles = Vec::new();
    for Live { function, .. } in &pipeline.purging {
        roles.extend(function.role()?.as_ref().map(IRole::from));
    }
    // The roles belong to the pipeline stack, and the stack of each tenant adds a policy. A name derived by the CDK would
    // be the same in all these stacks, and each deployment would overwrite the grants of the others.
    let props = PolicyProps::new().policy_name(format!("purge-{tenant}")).statements([&purge]).roles(roles);
    Policy::new_with_props(stack, "PurgeGrant", props)?;
    Ok(())
}

fn distribution(
    stack: &Stack,
    environment: &Environment,
    tenant: &TenantId,
    host: &str,
    pipeline: &Pipeline,
    edge: &Edge,
) -> Result<Distribution> {
    let viewer = &environment.viewer;
    let origin = HttpOrigin::new_with_props(
        pipeline.origin_host.as_str(),
        HttpOriginProps::new()
            .protocol_policy(OriginProtocolPolicy::HttpsOnly)
            .origin_access_control_id(edge.origin_access_control_id.as_str())
            .read_timeout(&Duration::seconds(environment.origin_timeout_secs())?)
            .custom_headers([(TENANT_HEADER, tenant.as_str())]),
    )?;
    let certificate = Certificate::from_certificate_arn(stack, "Certificate", &viewer.certificate_arn)?;
    let mut props = DistributionProps::new(
        BehaviorOptions::new(&origin)
            .cache_policy(&edge.cache_policy)
            .response_headers_policy(&edge.response_headers)
            .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
            // Image formats are compressed.
            .compress(false),
    )
    .comment(format!("Images of {tenant} ({})", environment.name))
    .domain_names([host])
    .certificate(&certificate)
    // The newest policy that still takes TLS 1.2.
    .minimum_protocol_version(SecurityPolicyProtocol::TlsV1_2_2025)
    .error_responses(error_responses()?)
    .http_version(HttpVersion::Http2And3);
    if let Some(bucket) = &edge.access_logs {
        props = props.log_bucket(bucket).log_file_prefix(format!("distributions/{tenant}/"));
    }
    if let Some(arn) = &edge.web_acl {
        props = props.web_acl_id(arn.as_str());
    }
    let distribution = Distribution::new(stack, "Distribution", props)?;
    acknowledge(
        &distribution,
        [
            ("AwsSolutions-CFR1", "Viewers of every country see the images"),
            ("AwsSolutions-CFR2", "`viewer.requests_per_address` adds a limit by AWS WAF, which is billed"),
            ("AwsSolutions-CFR3", "`logs.distributions` has the requests logged, with the addresses of viewers"),
        ],
    )?;
    // The L2 construct has no property for cache tags.
    let resource = distribution.node()?.default_child()?;
    if let Some(resource) = resource {
        let tags = json!({"HeaderName": viewer.cache_tag_header});
        resource.cast::<CfnDistribution>()?.add_property_override("DistributionConfig.CacheTagConfig", tags)?;
    }
    Ok(distribution)
}

/// Error responses with a minimum TTL of 0, instead of CloudFront's default of 10 seconds: the `Cache-Control` of
/// image-processing decides.
fn error_responses() -> Result<Vec<ErrorResponse>> {
    [404, 405, 414, 500, 501, 502, 503, 504]
        .into_iter()
        .map(|status| Ok(ErrorResponse::new(status).ttl(&Duration::seconds(0)?)))
        .collect()
}

fn alias(stack: &Stack, environment: &Environment, host: &str, distribution: &Distribution) -> Result<()> {
    let viewer = &environment.viewer;
    let zone: IHostedZone = HostedZone::from_hosted_zone_attributes(
        stack,
        "Zone",
        HostedZoneAttributes::new(viewer.hosted_zone_id.as_str(), viewer.hosted_zone_name.as_str()),
    )?;
    let target = RecordTarget::from_alias(&CloudFrontTarget::new(distribution)?)?;
    // A trailing dot makes the name absolute.
    let record = format!("{host}.");
    ARecord::new(stack, "Alias", ARecordProps::new(&target, &zone).record_name(record.as_str()))?;
    AaaaRecord::new(stack, "AliasIpv6", AaaaRecordProps::new(&target, &zone).record_name(record))?;
    Ok(())
}
