//! The operators' command line, as an operator runs it: the program, with the addresses and credentials of the local AWS in
//! its environment.

use std::process::Stdio;

use aws_sdk_dynamodb::config::Credentials;
use local_cloud::LocalCloud;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::expectation::UnmetError;
use local_cloud::imagecache;
use tokio::io::AsyncWriteExt;

pub(crate) use local_cloud::imagecache::ENVIRONMENT;

/// The end of a run of `imagecache`.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) is_success: bool,
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// Stdout, then stderr.
    pub(crate) text: String,
}

impl Ended {
    /// Checks the exit code, and that the output has each of `texts`.
    pub(crate) fn expect(self, is_success: bool, texts: &[&str]) -> Result<Self, Cause> {
        let Self { is_success: succeeded, text, .. } = &self;
        if *succeeded != is_success || texts.iter().any(|expected| !text.contains(expected)) {
            let exit = |is_success| if is_success { "exit code 0" } else { "another exit code" };
            let expected = format!("{} and {texts:?}", exit(is_success));
            return Err(UnmetError::new(expected, format!("{} and:\n{text}", exit(*succeeded))).into());
        }
        Ok(self)
    }
}

/// Runs `imagecache` without a terminal.
pub(crate) async fn run(cloud: &LocalCloud, arguments: &[&str]) -> Result<Ended, Cause> {
    run_with(cloud, arguments, "").await
}

/// Runs `imagecache` without a terminal, with `credentials`.
pub(crate) async fn run_as(cloud: &LocalCloud, arguments: &[&str], credentials: &Credentials) -> Result<Ended, Cause> {
    start(cloud, arguments, "", credentials, &[]).await
}

/// Runs `imagecache` without a terminal, with further environment variables.
pub(crate) async fn run_in(
    cloud: &LocalCloud,
    arguments: &[&str],
    variables: &[(&str, String)],
) -> Result<Ended, Cause> {
    start(cloud, arguments, "", &root(), variables).await
}

/// Runs `imagecache` without a terminal; it reads `stdin`.
pub(crate) async fn run_with(cloud: &LocalCloud, arguments: &[&str], stdin: &str) -> Result<Ended, Cause> {
    start(cloud, arguments, stdin, &root(), &[]).await
}

fn root() -> Credentials {
    Credentials::new("test", "test", None, None, "root")
}

async fn start(
    cloud: &LocalCloud,
    arguments: &[&str],
    stdin: &str,
    credentials: &Credentials,
    variables: &[(&str, String)],
) -> Result<Ended, Cause> {
    let mut command = imagecache::command(cloud)?;
    if let Some(token) = credentials.session_token() {
        command.env("AWS_SESSION_TOKEN", token);
    }
    let mut child = command
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id())
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("starting imagecache")?;
    if let Some(mut pipe) = child.stdin.take() {
        pipe.write_all(stdin.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    let text = format!("{stdout}{stderr}").trim_end().to_owned();
    Ok(Ended { is_success: output.status.success(), code: output.status.code(), stdout, text })
}
