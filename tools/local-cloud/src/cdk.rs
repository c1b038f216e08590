//! Deploys the real stacks with the real CDK command line.

use std::io;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::certificate::Certificate;
use crate::checkout::{Checkout, CheckoutError};
use crate::log_file::LogFile;
use crate::ministack::{ACCOUNT, REGION};
use crate::outputs::{Outputs, OutputsError};
use crate::process_group::ProcessGroup;

/// Stacks deployed at a time: the tenants' stacks don't depend on each other, and a laptop has few cores to spare.
const CONCURRENCY: &str = "2";

/// The CDK, set up to deploy to the local AWS and nowhere else.
#[derive(Debug)]
pub struct Cdk<'a> {
    /// Where the tools and the app are.
    pub checkout: &'a Checkout,
    /// The local AWS.
    pub endpoint: String,
    /// Its certificate.
    pub certificate: &'a Certificate,
    /// Where the cloud assembly, the outputs and the logs go.
    pub run_dir: &'a Path,
}

/// What is deployed.
#[derive(Debug, Clone, Copy)]
pub struct Deployment<'a> {
    /// What its files are called.
    pub name: &'a str,
    /// The stacks, as the CDK's command line takes them.
    pub stacks: &'a str,
    /// In front of the stacks' names.
    pub stack_prefix: &'a str,
    /// The CDK app that declares them; `None`: the app of `cdk.json`.
    pub app: Option<&'a Path>,
    /// What the app is told.
    pub context: (&'a str, &'a str),
}

/// Why something was not deployed.
#[derive(Debug, thiserror::Error)]
pub enum CdkError {
    /// The checkout lacks the CDK.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The CDK could not be run.
    #[error("the CDK could not be run")]
    Run(#[from] io::Error),
    /// The CDK failed.
    #[error("`cdk {command}` failed ({status}); the end of {}:\n{tail}", log.display())]
    Failed {
        /// What it was to do.
        command: String,
        /// How it ended.
        status: String,
        /// All that it said.
        log: PathBuf,
        /// The last of it.
        tail: String,
    },
    /// The deployment succeeded, but its outputs are not there.
    #[error(transparent)]
    Outputs(#[from] OutputsError),
}

impl Cdk<'_> {
    /// Prepares the account: the bucket and the roles that every deployment uses.
    pub async fn bootstrap(&self, on_line: impl Fn(&str)) -> Result<(), CdkError> {
        let target = format!("aws://{ACCOUNT}/{REGION}");
        // From a folder without `cdk.json`: the target is known, so the app need not say what it would deploy.
        self.run("bootstrap", "bootstrap", self.run_dir, &[&target], on_line).await
    }

    /// Deploys stacks, and hears from them what they are called.
    pub async fn deploy(&self, deployment: Deployment<'_>, on_line: impl Fn(&str)) -> Result<Outputs, CdkError> {
        let Deployment { name, stacks, stack_prefix, app, context: (key, value) } = deployment;
        let outputs = self.run_dir.join(format!("{name}-outputs.json"));
        let context = format!("{key}={value}");
        let arguments = [
            stacks,
            "--context",
            &context,
            "--require-approval",
            "never",
            "--concurrency",
            CONCURRENCY,
            "--progress",
            "events",
            "--outputs-file",
        ];
        let mut arguments: Vec<_> = arguments.into_iter().map(Path::new).chain([outputs.as_path()]).collect();
        if let Some(app) = app {
            arguments.extend([Path::new("--app"), app]);
        }
        self.run("deploy", name, self.checkout.root(), &arguments, on_line).await?;
        Ok(Outputs::read(&outputs, stack_prefix)?)
    }

    async fn run<A: AsRef<std::ffi::OsStr>>(
        &self,
        command: &str,
        name: &str,
        folder: &Path,
        arguments: &[A],
        on_line: impl Fn(&str),
    ) -> Result<(), CdkError> {
        let log = LogFile::create(self.run_dir.join(format!("cdk-{name}.log")))?;
        let mut cdk = self.command(command)?;
        cdk.arg("--output").arg(self.run_dir.join(format!("{name}.cdk.out")));
        cdk.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut cdk = ProcessGroup::spawn(&mut cdk)?;
        let (stdout, stderr) = (cdk.leader().stdout.take(), cdk.leader().stderr.take());
        let copied = tokio::try_join!(copy(stdout, &log, &on_line), copy(stderr, &log, &on_line));
        let status = cdk.leader().wait().await?;
        copied?;
        if status.success() {
            return Ok(());
        }
        Err(CdkError::Failed {
            command: command.to_owned(),
            status: status.to_string(),
            log: log.path().to_owned(),
            tail: log.tail(),
        })
    }

    fn command(&self, command: &str) -> Result<Command, CdkError> {
        let mut cdk = Command::new(self.checkout.cdk()?);
        // Nothing of the user's own AWS set-up may take part: this must not reach a real account.
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

/// Copies a stream to the log, line by line, and tells about each.
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
