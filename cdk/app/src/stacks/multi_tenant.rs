//! The stacks of multi-tenant mode: one with the multi-tenant distribution, and shards with the distribution tenants.

use aws_cdk_lib::aws_cloudfront::cfn_distribution::{
    DefinitionProperty, FunctionAssociationProperty, ParameterDefinitionProperty, StringSchemaProperty,
    TenantConfigProperty,
};
use aws_cdk_lib::aws_cloudfront::cfn_distribution_tenant::ParameterProperty;
use aws_cdk_lib::aws_cloudfront::{
    CfnConnectionGroup, CfnConnectionGroupProps, CfnDistributionTenant, CfnDistributionTenantProps, Function,
    FunctionCode, FunctionProps, FunctionRuntime,
};
use aws_cdk_lib::aws_route53::{CnameRecord, CnameRecordProps};
use aws_cdk_lib::aws_ssm::{CfnParameter, CfnParameterProps};
use aws_cdk_lib::constructs::Construct;
use aws_cdk_lib::{CfnOutput, CfnOutputProps, CfnTag, Fn, Result, Stack};
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
    let image_paths = Function::new(
        stack,
        "ImagePaths",
        FunctionProps::new(&FunctionCode::from_inline(IMAGE_PATHS)?)
            .comment("Lets pass the paths of images only")
            .runtime(&FunctionRuntime::js_2_0()?),
    )?;
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

    let group = CfnConnectionGroupProps::new(name(environment, "tenants")).enabled(true).ipv6_enabled(true);
    let group = CfnConnectionGroup::new(stack, "ConnectionGroup", group)?;
    // One record for all tenants: a hosted zone has 10,000 by default.
    let record = CnameRecordProps::new(group.attr_routing_endpoint()?, &tenant::zone(stack, environment)?)
        .record_name(format!("*.{}.", environment.viewer.domain));
    CnameRecord::new(stack, "Hosts", record)?;

    CfnOutput::new(stack, DISTRIBUTION, CfnOutputProps::new(distribution.r#ref()?))?;
    CfnOutput::new(stack, CONNECTION_GROUP, CfnOutputProps::new(group.attr_id()?))?;
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
        let output = |name| Fn::get_stack_output(stack.stack_name()?, name);
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
    let props = CfnDistributionTenantProps::new(distribution_id.as_str(), [host], name(environment, tenant.as_str()))
        .connection_group_id(connection_group_id.as_str())
        .enabled(true)
        .parameters([ParameterProperty::new().name(PARAMETER).value(tenant.as_str())])
        .tags([CfnTag::new(TENANT_TAG, tenant.as_str())]);
    let distribution_tenant = CfnDistributionTenant::new(&scope, "DistributionTenant", props)?;
    let registration = Registration {
        distribution_id: distribution_id.clone(),
        distribution_tenant_id: Some(distribution_tenant.attr_id()?),
        cache_tags: true,
    };
    let props = CfnParameterProps::new("String", json!(registration).to_string())
        .name(format!("{}/{tenant}", tenant_registry_path(&environment.name)))
        // A standard parameter while the account has fewer than 10,000 of them.
        .tier("Intelligent-Tiering")
        .tags([(TENANT_TAG, tenant.as_str())]);
    CfnParameter::new(&scope, "Registration", props)?;
    Ok(())
}

/// A name that is unique in the account.
fn name(environment: &Environment, id: &str) -> String {
    format!("{}-lof-images-{id}", environment.name)
}
