//! The Lambda functions: each file declares one function, its variables, its grants and its alarms.

pub(crate) mod dynamodb_imagepacks_stream;
pub(crate) mod image_invalidation;
pub(crate) mod image_management;
pub(crate) mod image_processing;
pub(crate) mod image_purge;
pub(crate) mod image_warming;
pub(crate) mod purge_events;
mod purging;
mod schedule;

use std::path::Path;
use std::time::Duration;

use aws_cdk_lib::aws_cloudwatch::Alarm as CloudWatchAlarm;
use aws_cdk_lib::aws_codedeploy::{LambdaDeploymentConfig, LambdaDeploymentGroup};
use aws_cdk_lib::aws_iam::{PolicyStatement, Role, ServicePrincipal};
use aws_cdk_lib::aws_lambda::{
    Alias, AliasProps, Architecture as LambdaArchitecture, Code, Function as LambdaFunction, LoggingFormat, Runtime,
    Tracing,
};
use aws_cdk_lib::{Creation, Result, Stack};
use contract::config::Variables;
use contract::functions::ImagePackTable;

use crate::config::{Architecture, Environment, TrafficShift};
use crate::logs::log_group;
use crate::nag::acknowledge;
use crate::stacks::Data;

/// The alias of a function that is being declared.
type AliasBuilder = AliasProps<Creation<Alias>>;

/// The name of every function's alias.
const LIVE: &str = "live";

/// The stack of the functions, the environment, its binaries and its data.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) environment: &'a Environment,
    /// Folder with a folder for each handler.
    pub(crate) binaries: &'a Path,
    pub(crate) data: &'a Data,
}

impl Scope<'_> {
    /// The variables of a function that reads or writes the image-pack table.
    fn image_packs(&self) -> ImagePackTable {
        let attributes = self.environment.image_pack_attributes();
        ImagePackTable { table: self.data.image_packs.name.clone(), attributes }
    }
}

/// A declared function and its alias `live`.
///
/// Everything that invokes the function names the alias, so that a deployment can shift its traffic to a new version and
/// back. A function URL cannot be moved to an alias later: it would get another address.
pub(crate) struct Live {
    pub(crate) function: LambdaFunction,
    pub(crate) alias: Alias,
}

impl Live {
    /// Shifts traffic to each new version step by step, if it is configured, and back when `alarm` is raised.
    fn shift_traffic(&self, scope: Scope, id: &str, alarm: &CloudWatchAlarm) -> Result<()> {
        let config = match scope.environment.handlers.traffic_shift {
            None => return Ok(()),
            Some(TrafficShift::Canary10Percent5Minutes) => LambdaDeploymentConfig::canary_10percent_5minutes(),
            Some(TrafficShift::Canary10Percent30Minutes) => LambdaDeploymentConfig::canary_10percent_30minutes(),
            Some(TrafficShift::Linear10PercentEvery1Minute) => LambdaDeploymentConfig::linear_10percent_every_1minute(),
        };
        let group = LambdaDeploymentGroup::builder(scope.stack, format!("{id}TrafficShift"), &self.alias)
            .deployment_config(config)
            .alarms([alarm])
            .build()?;
        acknowledge(&group, [("AwsSolutions-IAM4", "CodeDeploy documents this policy for shifts of Lambda's traffic")])
    }
}

/// A Lambda function: a binary that is built already, with a log group and a role of its own.
struct Function<'a> {
    /// Id of the construct.
    id: &'a str,
    /// Folder in `handlers/`, and name of the binary.
    binary: &'a str,
    /// Purpose of the function.
    description: &'a str,
    /// Memory, in megabytes; Lambda allocates processor time in proportion.
    memory_mb: u32,
    /// Time limit of one invocation, in seconds.
    timeout_secs: u32,
    /// Environment variables.
    variables: Variables,
    /// The reason for which a grant of the role has a `*` in its resource. `None`: none has.
    wide: Option<&'a str>,
}

impl Function<'_> {
    /// Declares the function. Its role may write to its own log group only.
    fn declare(self, scope: Scope) -> Result<Live> {
        self.declare_with(scope, None, |alias| alias)
    }

    /// Declares the function with reserved concurrency and further properties of its alias.
    fn declare_with(
        self,
        Scope { stack, environment, binaries, .. }: Scope,
        reserved_concurrency: Option<u32>,
        of_alias: impl FnOnce(AliasBuilder) -> AliasBuilder,
    ) -> Result<Live> {
        let log_group = log_group(stack, environment, &format!("{}Log", self.id))?;
        let role = Role::builder(stack, format!("{}Role", self.id), ServicePrincipal::new("lambda.amazonaws.com"))
            .description(self.description)
            .build()?;
        log_group.grant_write(&role)?;
        let code = Code::from_asset(binaries.join(self.binary).to_string_lossy().into_owned());
        let function = LambdaFunction::builder(stack, self.id, code, "bootstrap", Runtime::provided_al2023())
            .architecture(architecture(environment))
            .description(self.description)
            .memory_size(self.memory_mb)
            .timeout(Duration::from_secs(self.timeout_secs.into()))
            .logging_format(LoggingFormat::Json)
            .log_group(&log_group)
            .role(&role)
            .environment(self.variables)
            .reserved_concurrent_executions(reserved_concurrency)
            .tracing(environment.handlers.x_ray.then_some(Tracing::Active))
            .build()?;
        if let Some(reason) = self.wide {
            acknowledge(&role, [("AwsSolutions-IAM5", reason)])?;
        }
        acknowledge(
            &function,
            [
                (
                    "Serverless-LambdaDLQ",
                    "The stream's mapping has a destination for failures, requests are synchronous, and the next purge run \
                     continues a failed one",
                ),
                (
                    "Serverless-LambdaTracing",
                    "Logs and metrics show the time of each step; a trace would be billed for each",
                ),
            ],
        )?;
        let alias = Alias::builder(stack, format!("{}Live", self.id), LIVE, function.current_version());
        let alias = of_alias(alias).build()?;
        Ok(Live { function, alias })
    }
}

/// Grants `function` the `actions` on the `resources`.
fn allow<const A: usize, const R: usize>(
    Live { function, .. }: &Live,
    actions: [&str; A],
    resources: [&str; R],
) -> Result<()> {
    function.add_to_role_policy(PolicyStatement::builder().actions(actions).resources(resources).build())
}

fn architecture(environment: &Environment) -> Result<LambdaArchitecture> {
    match environment.handlers.architecture {
        Architecture::Arm64 => LambdaArchitecture::arm_64(),
        Architecture::X86_64 => LambdaArchitecture::x86_64(),
    }
}
