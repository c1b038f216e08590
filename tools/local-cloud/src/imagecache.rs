//! The program `imagecache` against the local deployment, as an operator runs it.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::LocalCloud;
use crate::cause::{Cause, Context as _};
use crate::log_file::LogFile;
use crate::ministack::REGION;
use crate::process_group::ProcessGroup;

/// The environment that is deployed.
pub const ENVIRONMENT: &str = "dev";

/// The time limit for the console to be served. Measured: a second.
const SERVED_WITHIN: Duration = Duration::from_secs(30);

/// The program with the addresses and the root's credentials of the local AWS in its environment.
pub fn command(cloud: &LocalCloud) -> Result<Command, Cause> {
    let program = std::env::current_exe()?.with_file_name("imagecache");
    if !program.exists() {
        return Err(format!("{} is missing; build it: cargo build --bin imagecache", program.display()).into());
    }
    let ministack = &cloud.parts.ministack;
    let mut command = Command::new(program);
    // The user's own AWS configuration must not reach a real account.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test")
        .env("AWS_REGION", REGION)
        .env("AWS_ENDPOINT_URL", ministack.endpoint())
        .env("AWS_ENDPOINT_URL_CLOUDFRONT", cloud.parts.emulator.endpoint_url())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        .env("SSL_CERT_FILE", ministack.certificate().path())
        .env("NO_PROXY", "127.0.0.1,localhost")
        .args(["--environment", ENVIRONMENT])
        .stdin(Stdio::null())
        .kill_on_drop(true);
    Ok(command)
}

/// A running operators' console. Dropping it ends it.
#[derive(Debug)]
pub struct OperatorsConsole {
    url: String,
    _process: ProcessGroup,
}

impl OperatorsConsole {
    /// Starts `imagecache console`, which logs to `run_dir`, with further environment `variables`.
    pub async fn start(cloud: &LocalCloud, run_dir: &Path, variables: &[(&str, &str)]) -> Result<Self, Cause> {
        let log = LogFile::create(run_dir.join("operators-console.log"))?;
        let mut command = command(cloud)?;
        command
            .args(["--output", "json", "console", "--viewer-endpoint", &cloud.parts.emulator.endpoint_url()])
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log.append()?);
        let mut process = ProcessGroup::spawn(&mut command).context("starting imagecache console")?;
        let stdout = process.leader().stdout.take().ok_or("imagecache console has no stdout")?;
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(SERVED_WITHIN, lines.next_line()).await.context(log.tail())??;
        let line = line.ok_or_else(|| format!("imagecache console ended; {}", log.tail()))?;
        let served: Value = serde_json::from_str(&line)?;
        let url = served["url"].as_str().ok_or("imagecache console printed no address")?.to_owned();
        Ok(Self { url, _process: process })
    }

    /// The page's URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}
