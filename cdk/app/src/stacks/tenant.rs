//! The stack of one tenant: its distribution, host name and registration. For an existing distribution, its registration
//! and the grant to purge it.

use aws_cdk_lib::aws_cloudfront::cfn_distribution::{LoggingProperty, OriginCustomHeaderProperty};
use aws_cdk_lib::aws_cloudfront::{CfnDistribution, Distribution, DistributionAttributes};
use aws_cdk_lib::aws_iam::{IRole, Policy, PolicyStatement};
use aws_cdk_lib::aws_route53::{ARecord, AaaaRecord, HostedZone, HostedZoneAttributes, IHostedZone, RecordTarget};
use aws_cdk_lib::aws_route53_targets::CloudFrontTarget;
use aws_cdk_lib::aws_ssm::StringParameter;
use aws_cdk_lib::{ArnComponents, CfnOutput, Result, Stack};
use contract::TenantId;
use contract::headers::TENANT_HEADER;
use contract::names::{Distribution as Registration, tenant_registry_path};
use serde_json::json;

use crate::config::{Environment, ExistingDistribution};
use crate::functions::Live;
use crate::stacks::distribution;
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
    register(stack, environment, tenant, &distribution.r#ref()?, true)
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

/// The host name of a tenant.
pub(crate) fn host(environment: &Environment, tenant: &TenantId) -> String {
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
    let registration =
        Registration { distribution_id: distribution_id.to_owned(), distribution_tenant_id: None, cache_tags };
    StringParameter::builder(stack, "Registration", json!(registration).to_string())
        .parameter_name(format!("{}/{tenant}", tenant_registry_path(&environment.name)))
        .description(format!("The distribution of {tenant}"))
        .build()?;
    let url = format!("https://{}/api/v2/img/", host(environment, tenant));
    CfnOutput::builder(stack, "DistributionId", distribution_id).build()?;
    CfnOutput::builder(stack, "ViewerUrl", url).build()?;
    Ok(())
}

/// Grants the functions that purge to invalidate an existing distribution, which may lack the tag of the environment.
fn grant_purging(stack: &Stack, tenant: &TenantId, pipeline: &Pipeline, distribution_arn: &str) -> Result<()> {
    let purge = PolicyStatement::builder()
        .actions(["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"])
        .resources([distribution_arn]);
    let mut roles = Vec::new();
    for Live { function, .. } in &pipeline.purging {
        roles.extend(function.role()?.as_ref().map(IRole::from));
    }
    // The roles belong to the pipeline stack, and the stack of each tenant adds a policy. A name derived by the CDK would
    // be the same in all these stacks, and each deployment would overwrite the grants of the others.
    Policy::builder(stack, "PurgeGrant")
        .policy_name(format!("purge-{tenant}"))
        .statements([purge.build()])
        .roles(roles)
        .build()?;
    Ok(())
}

fn distribution(
    stack: &Stack,
    environment: &Environment,
    tenant: &TenantId,
    host: &str,
    pipeline: &Pipeline,
    edge: &Edge,
) -> Result<CfnDistribution> {
    let origin = distribution::origin(environment, pipeline, edge)
        .origin_custom_headers([OriginCustomHeaderProperty::new(TENANT_HEADER, tenant.as_str())]);
    let comment = format!("Images of {tenant} ({})", environment.name);
    let mut config = distribution::config(environment, edge, origin, distribution::behavior(edge), comment)
        .aliases([host])
        .ipv6_enabled(true);
    if let Some(bucket) = &edge.access_logs {
        let logging = LoggingProperty::new().bucket(bucket.bucket_regional_domain_name());
        config = config.logging(logging.prefix(format!("distributions/{tenant}/")));
    }
    distribution::declare(stack, config)
}

fn alias(stack: &Stack, environment: &Environment, host: &str, distribution: &CfnDistribution) -> Result<()> {
    let attributes = DistributionAttributes::new(distribution.r#ref(), distribution.attr_domain_name());
    let distribution = Distribution::from_distribution_attributes(stack, "AliasTarget", attributes);
    let zone = zone(stack, environment)?;
    let target = RecordTarget::from_alias(CloudFrontTarget::new(distribution))?;
    // A trailing dot makes the name absolute.
    let record = format!("{host}.");
    ARecord::builder(stack, "Alias", &target, &zone).record_name(record.as_str()).build()?;
    AaaaRecord::builder(stack, "AliasIpv6", target, zone).record_name(record).build()?;
    Ok(())
}

/// The Route 53 zone of the viewer domain.
pub(crate) fn zone(stack: &Stack, environment: &Environment) -> Result<IHostedZone> {
    let viewer = &environment.viewer;
    HostedZone::from_hosted_zone_attributes(
        stack,
        "Zone",
        HostedZoneAttributes::new(viewer.hosted_zone_id.as_str(), viewer.hosted_zone_name.as_str()),
    )
}
