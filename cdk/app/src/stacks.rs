//! The stages and stacks of the environments.

mod backup;
mod cloudfront_alarms;
mod data;
mod distribution;
mod edge;
mod firewall;
mod multi_tenant;
mod pipeline;
mod tenant;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::iter::once;
use std::path::{Path, PathBuf};

use aws_cdk_lib::{App, Creation, Environment as AwsEnvironment, PermissionsBoundary, Stack, StackProps, Stage, Tags};

use contract::names::ENVIRONMENT_TAG;

use crate::binaries::{Build, BuildError, missing};
use crate::config::{CLOUDFRONT_REGION, Environment, InvalidConfigError, ViewerMode, shard_of};
pub(crate) use crate::stacks::data::Data;
use crate::stacks::edge::Edge;
use crate::stacks::multi_tenant::Shared;
use crate::stacks::pipeline::Pipeline;

/// The tag of every resource of one tenant, for cost reports.
const TENANT_TAG: &str = "image-service-tenant";

/// A synthesis that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// The file of an environment is invalid.
    #[error(transparent)]
    Config(#[from] InvalidConfigError),
    /// No environment is for the account of the credentials.
    #[error(
        "the credentials are of account {credentials}, but {environments}. Use other credentials, or correct `account`"
    )]
    OtherAccount {
        /// The account of the credentials.
        credentials: String,
        /// The environments with their accounts.
        environments: String,
    },
    /// A handler is not built.
    #[error("{} is missing: the handlers are not built. Run `make handlers`, or `cdk` without `--build`", .0.display())]
    NotBuilt(PathBuf),
    /// The handlers cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The resources break rules of cdk-nag.
    #[error("{0}\nCorrect the resources, or acknowledge a rule beside its resource with the reason")]
    BrokenRules(String),
    /// The CDK returned an error; its message follows.
    #[error(transparent)]
    Cdk(#[from] aws_cdk_lib::Error),
}

/// Refuses credentials of an account that no environment is for: resources would be created in the wrong one.
pub fn check_account(environments: &[Environment], credentials: &str) -> Result<(), ApplicationError> {
    if environments.iter().any(|environment| environment.account == credentials) {
        return Ok(());
    }
    let of = |Environment { name, account, .. }: &Environment| format!("{name}.toml is for {account}");
    let environments = environments.iter().map(of).collect::<Vec<_>>().join(", ");
    Err(ApplicationError::OtherAccount { credentials: credentials.to_owned(), environments })
}

/// Declares every environment in `app`: a stage with its stacks. The handlers have been built into the folder `binaries`.
pub fn declare(app: &App, environments: &[Environment], binaries: &Path) -> Result<(), ApplicationError> {
    if let Some(binary) = missing(environments, binaries)? {
        return Err(ApplicationError::NotBuilt(binary));
    }
    for environment in environments {
        let aws = AwsEnvironment::new().account(environment.account.as_str()).region(environment.region.as_str());
        let boundary = environment.permissions_boundary.as_ref().map(PermissionsBoundary::from_name);
        let stage = Stage::builder(app, &environment.name).env(aws).permissions_boundary(boundary).build()?;
        Tags::of(&stage)?.add(ENVIRONMENT_TAG, &environment.name)?;

        let data = Data::declare(&data_stack(&stage, environment)?, environment)?;
        let pipeline_stack = stack(&stage, environment, "pipeline", "Functions, stream, schedule, API and alarms")?;
        let binaries = Build::from(environment).folder(binaries);
        let mut cloudfront_topic = None;
        if let Some(topic) = environment.cloudfront_alarm_topic() {
            let stack =
                cloudfront_stack(&stage, environment, "cloudfront-alarms", "The alarm on the errors of CloudFront")?;
            cloudfront_topic = Some(cloudfront_alarms::declare(&stack, topic)?);
            // The pipeline names an output of it, which the CDK takes for no reference.
            pipeline_stack.add_stack_dependency(&stack)?;
        }
        let pipeline = Pipeline::declare(&pipeline_stack, environment, &binaries, &data, cloudfront_topic)?;
        let (mut firewall_stack, mut web_acl) = (None, None);
        if let Some(requests) = environment.viewer.requests_per_address {
            let stack = cloudfront_stack(&stage, environment, "firewall", "The limit of requests for each address")?;
            web_acl = Some(firewall::declare(firewall_stack.insert(stack), requests)?);
        }
        // A distribution names outputs of these stacks, which the CDK takes for no reference.
        let named: Vec<_> = once(&pipeline_stack).chain(&firewall_stack).collect();
        let edge = |stack: &Stack| Edge::declare(stack, environment, &data, web_acl.clone());
        match environment.viewer.mode {
            ViewerMode::DistributionPerTenant => declare_distributions(&stage, environment, &named, &pipeline, edge)?,
            ViewerMode::MultiTenant => declare_multi_tenant(&stage, environment, &named, &pipeline, edge)?,
        }
    }
    Ok(())
}

/// Declares a stack for each tenant, behind those that it has `named`, and the edge stacks whose policies they share.
fn declare_distributions(
    stage: &Stage,
    environment: &Environment,
    named: &[&Stack],
    pipeline: &Pipeline,
    edge: impl Fn(&Stack) -> aws_cdk_lib::Result<Edge>,
) -> aws_cdk_lib::Result<()> {
    let mut edges = BTreeMap::new();
    for tenant in environment.tenants.values().filter(|tenant| tenant.distribution.is_none()) {
        if let Entry::Vacant(vacant) = edges.entry(tenant.edge) {
            let id = format!("edge-{}", tenant.edge);
            let stack = stack(stage, environment, &id, "Policies that the distributions of up to 100 tenants share")?;
            vacant.insert(edge(&stack)?);
        }
    }
    for (id, tenant) in &environment.tenants {
        let description = format!("The distribution of {id} and its registration");
        let tenant_stack = stack(stage, environment, &format!("tenant-{id}"), &description)?;
        Tags::of(&tenant_stack)?.add(TENANT_TAG, id.as_str())?;
        if let Some(existing) = &tenant.distribution {
            tenant::declare_existing(&tenant_stack, environment, id, existing, pipeline)?;
        } else {
            for stack in named {
                tenant_stack.add_stack_dependency(*stack)?;
            }
            tenant::declare(&tenant_stack, environment, id, pipeline, &edges[&tenant.edge])?;
        }
    }
    Ok(())
}

/// Declares the stack of the multi-tenant distribution, behind those that it has `named`, and a stack for each shard that
/// has tenants.
fn declare_multi_tenant(
    stage: &Stage,
    environment: &Environment,
    named: &[&Stack],
    pipeline: &Pipeline,
    edge: impl Fn(&Stack) -> aws_cdk_lib::Result<Edge>,
) -> aws_cdk_lib::Result<()> {
    let distribution = stack(stage, environment, "distribution", "The multi-tenant distribution and its policies")?;
    for stack in named {
        distribution.add_stack_dependency(*stack)?;
    }
    multi_tenant::declare(&distribution, environment, pipeline, &edge(&distribution)?)?;
    let shared = Shared::of(&distribution)?;
    let mut shards = BTreeMap::<_, Vec<_>>::new();
    for tenant in environment.tenants.keys() {
        shards.entry(shard_of(tenant)).or_default().push(tenant);
    }
    for (shard, tenants) in shards {
        let id = format!("tenants-{shard:02}");
        let stack = stack(stage, environment, &id, "Distribution tenants and their registrations")?;
        stack.add_stack_dependency(&distribution)?;
        for tenant in tenants {
            multi_tenant::declare_tenant(&stack, environment, tenant, &shared)?;
        }
    }
    Ok(())
}

fn data_stack(stage: &Stage, environment: &Environment) -> aws_cdk_lib::Result<Stack> {
    let stack = stack(stage, environment, "data", "Tables and buckets; retained when the stack is deleted")?;
    stack.set_termination_protection(true)?;
    Ok(stack)
}

/// A stack named `<environment>-lof-images-<id>`.
fn stack(stage: &Stage, environment: &Environment, id: &str, description: &str) -> aws_cdk_lib::Result<Stack> {
    stack_builder(stage, environment, id, description).build()
}

/// A stack in the region of CloudFront's metrics and web ACLs.
fn cloudfront_stack(
    stage: &Stage,
    environment: &Environment,
    id: &str,
    description: &str,
) -> aws_cdk_lib::Result<Stack> {
    let aws = AwsEnvironment::new().account(environment.account.as_str()).region(CLOUDFRONT_REGION);
    stack_builder(stage, environment, id, description).env(aws).build()
}

fn stack_builder(stage: &Stage, environment: &Environment, id: &str, description: &str) -> StackProps<Creation<Stack>> {
    Stack::builder(stage, id).stack_name(format!("{}-lof-images-{id}", environment.name)).description(description)
}
