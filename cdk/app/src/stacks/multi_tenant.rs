//! The stacks of multi-tenant mode: one with the multi-tenant distribution, and shards with the distribution tenants.

use aws_cdk_lib::aws_cloudfront::cfn_distribution::{
    DefinitionProperty, FunctionAssociationProperty, ParameterDefinitionProperty, StringSchemaProperty,
    TenantConfigProperty,
};
use aws_cdk_lib::aws_cloudfront::cfn_distribution_tenant::ParameterProperty;
use aws_cdk_lib::aws_cloudfront::{CfnConnectionGroup, CfnDistributionTenant, Function, FunctionCode, FunctionRuntime};
use aws_cdk_lib::aws_route53::CnameRecord;
use aws_cdk_lib::aws_ssm::CfnParameter;
use aws_cdk_lib::constructs::Construct;
use aws_cdk_lib::{CfnOutput, CfnTag, Fn, Result, Stack};
use contract::TenantId;
use contract::names::{Distribution as Registration, tenant_registry_path};
use contract::tenant_source::TENANT_PATH_PREFIX;
use serde_json::json;

use crate::config::Environment;
use crate::stacks::edge::Edge;
use crate::stacks::pipeline::Pipeline;
use crate::stacks::{TENANT_TAG, distribution, tenant};

/// The parameter of a distribution tenant: the tenant's id, in the path of the origin.
const PARAMETER: &str = "tenant";

/// The function that lets pass the paths of images only.
const IMAGE_PATHS: &str = include_str!("image_paths.js");

/// Outputs of the stack of the multi-tenant distribution, which the shards read.
const DISTRIBUTION: &str = "DistributionId";
const CONNECTION_GROUP: &str = "ConnectionGroupId";

/// Declares the multi-tenant distribution, which viewers reach through distribution tenants only, and the connection group
/// to which the host names of all tenants lead.
pub(crate) fn declare(stack: &Stack, environment: &Environment, pipeline: &Pipeline, edge: &Edge) -> Result<()> {
    let image_paths = Function::builder(stack, "ImagePaths", FunctionCode::from_inline(IMAGE_PATHS))
        .comment("Lets pass the paths of images only")
        .runtime(FunctionRuntime::js_2_0())
        .build()?;
    let image_paths =
        FunctionAssociationProperty::new().event_type("viewer-request").function_arn(image_paths.function_arn());
    let origin = distribution::origin(environment, pipeline, edge)
        .origin_path(format!("{TENANT_PATH_PREFIX}{{{{{PARAMETER}}}}}"));
    let behavior = distribution::behavior(edge).function_associations([image_paths]);
    let comment = format!("Images of all tenants ({})", environment.name);
    let parameter = DefinitionProperty::new().string_schema(StringSchemaProperty::new(true));
    let parameters = [ParameterDefinitionProperty::new(parameter, PARAMETER)];
    // The connection group enables IPv6.
    let config = distribution::config(environment, edge, origin, behavior, comment)
        .connection_mode("tenant-only")
        .tenant_config(TenantConfigProperty::new().parameter_definitions(parameters));
    let distribution = distribution::declare(stack, config)?;

    let group = CfnConnectionGroup::builder(stack, "ConnectionGroup", name(environment, "tenants"))
        .enabled(true)
        .ipv6_enabled(true)
        .build()?;
    // One record for all tenants: a hosted zone has 10,000 by default.
    CnameRecord::builder(stack, "Hosts", group.attr_routing_endpoint(), tenant::zone(stack, environment))
        .record_name(format!("*.{}.", environment.viewer.domain))
        .build()?;

    CfnOutput::builder(stack, DISTRIBUTION, distribution.r#ref()).build()?;
    CfnOutput::builder(stack, CONNECTION_GROUP, group.attr_id()).build()?;
    Ok(())
}

/// The outputs of the stack of the multi-tenant distribution, as a shard refers to them.
pub(crate) struct Shared {
    distribution_id: String,
    connection_group_id: String,
}

impl Shared {
    /// One reference for all distribution tenants: the CDK would look for each of its own at the end.
    pub(crate) fn of(stack: &Stack) -> Result<Self> {
        let output = |name| Fn::get_stack_output(stack.stack_name(), name);
        Ok(Self { distribution_id: output(DISTRIBUTION)?, connection_group_id: output(CONNECTION_GROUP)? })
    }
}

/// Declares the distribution tenant of a tenant and its registration. It inherits the certificate of the multi-tenant
/// distribution, which covers its host name.
pub(crate) fn declare_tenant(
    stack: &Stack,
    environment: &Environment,
    tenant: &TenantId,
    shared: &Shared,
) -> Result<()> {
    let scope = Construct::new(stack, tenant.as_str())?;
    let Shared { distribution_id, connection_group_id } = shared;
    let host = tenant::host(environment, tenant);
    let name = name(environment, tenant.as_str());
    let resource = CfnDistributionTenant::builder(&scope, "DistributionTenant", distribution_id, [host], name)
        .connection_group_id(connection_group_id)
        .enabled(true)
        .parameters([ParameterProperty::new().name(PARAMETER).value(tenant.as_str())])
        .tags([CfnTag::new(TENANT_TAG, tenant.as_str())])
        .build()?;
    let registration = Registration {
        distribution_id: distribution_id.clone(),
        distribution_tenant_id: Some(resource.attr_id()?),
        cache_tags: true,
    };
    CfnParameter::builder(&scope, "Registration", "String", json!(registration).to_string())
        .name(format!("{}/{tenant}", tenant_registry_path(&environment.name)))
        // A standard parameter while the account has fewer than 10,000 of them.
        .tier("Intelligent-Tiering")
        .tags([(TENANT_TAG, tenant.as_str())])
        .build()?;
    Ok(())
}

/// A name that is unique in the account.
fn name(environment: &Environment, id: &str) -> String {
    format!("{}-lof-images-{id}", environment.name)
}
