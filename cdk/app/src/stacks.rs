//! The stages and stacks of the environments.

mod data;
mod pipeline;
mod tenant;

use std::env;

use aws_cdk_lib::{App, Environment as AwsEnvironment, Stack, StackProps, Stage, StageProps, Tags};

use crate::config::{Environment, InvalidConfigError};
pub(crate) use crate::stacks::data::Data;
use crate::stacks::pipeline::Pipeline;

/// A synthesis that failed.
#[derive(Debug, thiserror::Error)]
pub enum ApplicationError {
    /// The file of an environment is invalid.
    #[error(transparent)]
    Config(#[from] InvalidConfigError),
    /// The CDK returned an error; its message follows.
    #[error(transparent)]
    Cdk(#[from] aws_cdk_lib::Error),
}

/// Declares every environment in `app`: a stage with its stacks.
pub fn declare(app: &App, environments: &[Environment]) -> aws_cdk_lib::Result<()> {
    for environment in environments {
        let mut aws = AwsEnvironment::new().region(environment.region.as_str());
        if let Some(account) = environment.account.clone().or_else(|| env::var("CDK_DEFAULT_ACCOUNT").ok()) {
            aws = aws.account(account);
        }
        let stage = Stage::new_with_props(app, &environment.name, StageProps::new().env(aws))?;
        Tags::of(&stage)?.add("image-service-environment", &environment.name)?;

        let data = Data::declare(&data_stack(&stage, environment)?, environment)?;
        let pipeline_stack = stack(&stage, environment, "pipeline", "Functions, stream, schedule, API and alarms")?;
        let pipeline = Pipeline::declare(&pipeline_stack, environment, &data)?;
        for (id, tenant) in &environment.tenants {
            let description = format!("The distribution of {id} and the grant to purge it");
            let tenant_stack = stack(&stage, environment, &format!("tenant-{id}"), &description)?;
            tenant::declare(&tenant_stack, environment, id, tenant, &pipeline)?;
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
    let name = format!("{}-lof-images-{id}", environment.name);
    Stack::new_with_props(stage, id, StackProps::new().stack_name(name).description(description))
}
