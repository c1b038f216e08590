//! One Lambda function: built by cargo-lambda, with a log group and a role of its own.

use std::path::Path;

use aws_cdk_lib::aws_iam::{PolicyStatement, PolicyStatementProps, Role, RoleProps, ServicePrincipal};
use aws_cdk_lib::aws_lambda::{Architecture as LambdaArchitecture, LoggingFormat};
use aws_cdk_lib::aws_logs::{LogGroup, LogGroupProps, RetentionDays};
use aws_cdk_lib::cargo_lambda_cdk::{BundlingOptions, RustFunction, RustFunctionProps};
use aws_cdk_lib::{Duration, RemovalPolicy, Result, Stack};

use crate::config::{Architecture, Environment, Profile};

/// What a handler of the workspace needs from Lambda.
pub(crate) struct Handler<'a> {
    /// The construct's id.
    pub(crate) id: &'a str,
    /// The handler's folder in `handlers/` and its binary.
    pub(crate) binary: &'a str,
    /// What it is for.
    pub(crate) description: &'a str,
    /// Megabytes of memory; Lambda gives processor time in proportion.
    pub(crate) memory_mb: u32,
    /// How long one invocation may take, in seconds.
    pub(crate) timeout_secs: u32,
    /// Its environment variables.
    pub(crate) environment: Vec<(&'a str, String)>,
}

impl Handler<'_> {
    /// Declares the function. Its role may write to its own log group and nothing else.
    pub(crate) fn declare(self, stack: &Stack, environment: &Environment) -> Result<RustFunction> {
        self.declare_with(stack, environment, |props| props)
    }

    /// Declares the function with further properties.
    pub(crate) fn declare_with(
        self,
        stack: &Stack,
        environment: &Environment,
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
            .environment(self.environment);
        RustFunction::new_with_props(stack, self.id, further(props))
    }
}

/// Allows `function` exactly `actions` on `resources`.
pub(crate) fn allow<const A: usize, const R: usize>(
    function: &RustFunction,
    actions: [&str; A],
    resources: [String; R],
) -> Result<()> {
    function.add_to_role_policy(&PolicyStatement::new_with_props(
        PolicyStatementProps::new().actions(actions).resources(resources),
    )?)
}

/// A handler's own manifest: its folder is what an unbundled synthesis fingerprints.
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
        // With the whole workspace's features, not the one package's: otherwise each handler compiles the AWS SDK anew.
        .cargo_lambda_flags(["--workspace", "--locked", "--quiet"]))
}
