//! The Lambda functions: each file declares one function, its variables, its grants and its alarms.

pub(crate) mod dynamodb_imagepacks_stream;
pub(crate) mod image_invalidation;
pub(crate) mod image_management;
pub(crate) mod image_processing;
pub(crate) mod image_purge;
mod purging;
mod schedule;

use std::path::Path;

use aws_cdk_lib::aws_iam::{PolicyStatement, PolicyStatementProps, Role, RoleProps, ServicePrincipal};
use aws_cdk_lib::aws_lambda::{Architecture as LambdaArchitecture, LoggingFormat};
use aws_cdk_lib::aws_logs::{LogGroup, LogGroupProps, RetentionDays};
use aws_cdk_lib::cargo_lambda_cdk::{BundlingOptions, RustFunction, RustFunctionProps};
use aws_cdk_lib::{Duration, RemovalPolicy, Result, Stack};
use contract::config::Variables;
use contract::functions::ImagePackTable;

use crate::config::{Architecture, Environment, Profile};
use crate::stacks::Data;

/// The stack of the functions, the environment and its data.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) environment: &'a Environment,
    pub(crate) data: &'a Data,
}

impl Scope<'_> {
    /// The variables of a function that reads or writes the image-pack table.
    fn image_packs(&self) -> Result<ImagePackTable> {
        let attributes = self.environment.image_pack_attributes();
        Ok(ImagePackTable { table: self.data.image_packs.table_name()?, attributes })
    }
}

/// A Lambda function: built by cargo-lambda, with a log group and a role of its own.
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
}

impl Function<'_> {
    /// Declares the function. Its role may write to its own log group only.
    fn declare(self, scope: Scope) -> Result<RustFunction> {
        self.declare_with(scope, |props| props)
    }

    /// Declares the function with further properties.
    fn declare_with(
        self,
        Scope { stack, environment, .. }: Scope,
        further: impl FnOnce(RustFunctionProps) -> RustFunctionProps,
    ) -> Result<RustFunction> {
        let log_group = LogGroup::new_with_props(
            stack,
            format!("{}Log", self.id),
            LogGroupProps::new().retention(RetentionDays::ThreeMonths).removal_policy(RemovalPolicy::Destroy),
        )?;
        let role = Role::new(
            stack,
            format!("{}Role", self.id),
            RoleProps::new(&ServicePrincipal::new("lambda.amazonaws.com")?).description(self.description),
        )?;
        log_group.grant_write(&role)?;
        let props = RustFunctionProps::new()
            .manifest_path(manifest_path(self.binary))
            .binary_name(self.binary)
            .bundling(bundling(environment)?)
            .architecture(&architecture(environment)?)
            .description(self.description)
            .memory_size(self.memory_mb)
            .timeout(&Duration::seconds(self.timeout_secs)?)
            .logging_format(LoggingFormat::Json)
            .log_group(&log_group)
            .role(&role)
            .environment(self.variables);
        RustFunction::new_with_props(stack, self.id, further(props))
    }
}

/// Grants `function` the `actions` on the `resources`.
fn allow<const A: usize, const R: usize>(
    function: &RustFunction,
    actions: [&str; A],
    resources: [String; R],
) -> Result<()> {
    function.add_to_role_policy(&PolicyStatement::new_with_props(
        PolicyStatementProps::new().actions(actions).resources(resources),
    )?)
}

/// The manifest of a function. A synthesis that does not build hashes the manifest's folder.
fn manifest_path(binary: &str) -> String {
    let handlers = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../handlers");
    let handlers = handlers.canonicalize().unwrap_or(handlers);
    handlers.join(binary).join("Cargo.toml").to_string_lossy().into_owned()
}

fn architecture(environment: &Environment) -> Result<LambdaArchitecture> {
    match environment.handlers.architecture {
        Architecture::Arm64 => LambdaArchitecture::arm_64(),
        Architecture::X86_64 => LambdaArchitecture::x86_64(),
    }
}

fn bundling(environment: &Environment) -> Result<BundlingOptions> {
    let profile = match environment.handlers.profile {
        Profile::Release => "release",
        Profile::Dev => "dev",
    };
    Ok(BundlingOptions::new()
        .architecture(&architecture(environment)?)
        .profile(profile)
        // With the features of the whole workspace: with those of one package, each function would compile the AWS SDK
        // again.
        .cargo_lambda_flags(["--workspace", "--locked", "--quiet"]))
}
