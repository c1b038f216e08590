//! Deployments with the CDK command line.

use std::io;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::cause::{Cause, Context as _};
use crate::certificate::Certificate;
use crate::checkout::Checkout;
use crate::log_file::LogFile;
use crate::ministack::{ACCOUNT, REGION};
use crate::outputs::Outputs;
use crate::process_group::ProcessGroup;

/// Stacks deployed at a time: the tenants' stacks don't depend on each other, and a laptop has few cores to spare.
const CONCURRENCY: &str = "2";

/// The CDK command line, configured for the local AWS only.
#[derive(Debug)]
pub struct Cdk<'a> {
    /// The folder of the tools and the app.
    pub checkout: &'a Checkout,
    /// The endpoint of the local AWS.
    pub endpoint: String,
    /// The certificate of the local AWS.
    pub certificate: &'a Certificate,
    /// The folder of the cloud assembly, the outputs and the logs.
    pub run_dir: &'a Path,
}

/// The arguments of one deployment.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// The name of its files.
    pub name: &'a str,
    /// The pattern of the stacks to deploy.
    pub stacks: &'a str,
    /// The prefix of the stacks' names.
    pub stack_prefix: &'a str,
    /// The CDK app that declares the stacks.
    pub app: App<'a>,
}

/// A CDK app.
#[derive(Debug, Clone, Copy)]
pub enum App<'a> {
    /// The app of `cdk.json`, with the environments of a folder. Their handlers are built first.
    Environments(&'a Path),
    /// Another app, with its context values: each with its key.
    Other(&'a Path, &'a [(&'a str, &'a str)]),
}

impl Cdk<'_> {
    /// Creates the bucket and the roles that every deployment to one of `regions` uses.
    pub async fn bootstrap(&self, regions: &[&str], on_line: impl Fn(&str)) -> Result<(), Cause> {
        let targets: Vec<_> = regions.iter().map(|region| format!("aws://{ACCOUNT}/{region}")).collect();
        // From a folder without `cdk.json`: the targets are known, so the CDK need not run the app.
        self.run("bootstrap", "bootstrap", self.run_dir, &targets, on_line).await
    }

    /// Deploys stacks and reads their outputs.
    pub async fn deploy(&self, deployment: Deployment<'_>, on_line: impl Fn(&str)) -> Result<Outputs, Cause> {
        let Deployment { name, stacks, stack_prefix, app } = deployment;
        let outputs = self.run_dir.join(format!("{name}-outputs.json"));
        let of_app = match app {
            App::Environments(folder) => {
                let folder = folder.display();
                let build = format!("cargo run --quiet --bin app -- build '{folder}'");
                vec![format!("--context=environments={folder}"), format!("--build={build}")]
            }
            App::Other(app, context) => {
                let context = context.iter().map(|(key, value)| format!("--context={key}={value}"));
                // An app of its own has no build.
                context.chain([format!("--app={}", app.display()), "--build=true".to_owned()]).collect()
            }
        };
        let arguments = [
            stacks,
            "--require-approval",
            "never",
            "--concurrency",
            CONCURRENCY,
            "--progress",
            "events",
            "--outputs-file",
        ];
        let mut arguments: Vec<_> = arguments.into_iter().map(Path::new).chain([outputs.as_path()]).collect();
        arguments.extend(of_app.iter().map(Path::new));
        self.run("deploy", name, self.checkout.root(), &arguments, on_line).await?;
        Outputs::read(&outputs, stack_prefix)
    }

    /// Deletes a stack of the environments in the folder `environments`. It needs no build: the handlers were deployed.
    pub async fn destroy(&self, stack: &str, environments: &Path, on_line: impl Fn(&str)) -> Result<(), Cause> {
        let environments = format!("--context=environments={}", environments.display());
        let arguments = [stack, "--force", &environments, "--build=true"];
        self.run("destroy", "destroy", self.checkout.root(), &arguments, on_line).await
    }

    /// Runs a command as a document has it, `arguments` after the name `command`, on the environments in a folder.
    pub async fn run_documented(
        &self,
        command: &str,
        arguments: &[String],
        environments: &Path,
        on_line: impl Fn(&str),
    ) -> Result<(), Cause> {
        let of_app = ["--build=true".to_owned(), format!("--context=environments={}", environments.display())];
        let arguments = [&of_app, arguments].concat();
        self.run(command, command, self.checkout.root(), &arguments, on_line).await
    }

    async fn run<A: AsRef<std::ffi::OsStr>>(
        &self,
        command: &str,
        name: &str,
        folder: &Path,
        arguments: &[A],
        on_line: impl Fn(&str),
    ) -> Result<(), Cause> {
        let log = LogFile::create(self.run_dir.join(format!("cdk-{name}.log")))?;
        let mut cdk = self.command(command)?;
        cdk.arg("--output").arg(self.run_dir.join(format!("{name}.cdk.out")));
        cdk.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut cdk = ProcessGroup::spawn(&mut cdk).context("the CDK could not be run")?;
        let (stdout, stderr) = (cdk.leader().stdout.take(), cdk.leader().stderr.take());
        let copied = tokio::try_join!(copy(stdout, &log, &on_line), copy(stderr, &log, &on_line));
        let status = cdk.leader().wait().await?;
        copied?;
        if status.success() {
            return Ok(());
        }
        Err(format!("`cdk {command}` failed ({status}); {}", log.tail()).into())
    }

    fn command(&self, command: &str) -> Result<Command, Cause> {
        let mut cdk = Command::new(self.checkout.cdk()?);
        // Removes the user's own AWS configuration: a run must not reach a real account.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            cdk.env_remove(name);
        }
        cdk.env("PATH", self.checkout.tool_path()?)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", REGION)
            .env("AWS_ENDPOINT_URL", &self.endpoint)
            .env("AWS_CA_BUNDLE", self.certificate.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_CONFIG_FILE", "/dev/null")
            .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
            .env("CDK_DEFAULT_ACCOUNT", ACCOUNT)
            .env("CDK_DEFAULT_REGION", REGION)
            .env("CDK_DISABLE_CLI_TELEMETRY", "true")
            .env("CDK_DISABLE_VERSION_CHECK", "true")
            .env("CDK_HOME", self.run_dir.join("cdk-home"))
            .env("NO_PROXY", "127.0.0.1,localhost")
            .args([command, "--no-color", "--no-notices", "--ci"]);
        Ok(cdk)
    }
}

/// Copies a stream to the log and calls `on_line` for each line.
async fn copy(stream: Option<impl AsyncRead + Unpin>, log: &LogFile, on_line: &impl Fn(&str)) -> io::Result<()> {
    let Some(stream) = stream else { return Ok(()) };
    let mut file = log.append()?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(line) = lines.next_line().await? {
        writeln!(file, "{line}")?;
        on_line(line.trim());
    }
    Ok(())
}
