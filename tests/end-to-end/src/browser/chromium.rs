//! A headless Chromium with a fresh profile, driven through chromedriver.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::error::CmdError;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use local_cloud::cause::{Cause, Context as _};
use local_cloud::log_file::LogFile;
use local_cloud::ministack::free_port;
use local_cloud::process_group::ProcessGroup;

/// The time limit for chromedriver to listen. Measured: a tenth of a second; the rest is for a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// The pause between two checks.
const POLL: Duration = Duration::from_millis(50);
/// No first-run screens, no updates, no background requests. Without a sandbox, because a container has no user
/// namespaces for one, and the only page is the console.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A running browser. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Chromium {
    pub(crate) client: Client,
    // Dropped in this order: the processes end before the folder that they write to is removed.
    _processes: ProcessGroup,
    _profile: TempDir,
}

impl Chromium {
    /// Starts a browser that logs to `run_dir`.
    pub(crate) async fn start(run_dir: &Path) -> Result<Self, Cause> {
        let profile = tempfile::Builder::new().prefix("chromium-").tempdir_in(run_dir)?;
        let log = LogFile::create(run_dir.join("chromedriver.log"))?;
        let port = free_port()?;
        let processes = ProcessGroup::spawn(
            Command::new("chromedriver")
                .arg(format!("--port={port}"))
                // Caches outside of the profile are in this folder too.
                .env("HOME", profile.path())
                .env("TMPDIR", profile.path())
                .env("XDG_CONFIG_HOME", profile.path())
                .env("XDG_CACHE_HOME", profile.path())
                .stdin(Stdio::null())
                .stdout(log.append()?)
                .stderr(log.append()?),
        )
        .context("starting chromedriver; run `make setup-browser`, or install chromium and chromium-driver")?;
        ready(port, &log).await?;

        let mut arguments = ARGUMENTS.map(ToOwned::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
        let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": {"args": arguments}});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().cloned().unwrap_or_default())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .context("chromedriver could not start Chromium")?;
        Ok(Self { client, _processes: processes, _profile: profile })
    }

    /// Ends the browser before its driver, which then has nothing to clean up.
    pub(crate) async fn close(self) -> Result<(), CmdError> {
        self.client.clone().close().await
    }
}

/// Waits until chromedriver listens.
async fn ready(port: u16, log: &LogFile) -> Result<(), Cause> {
    let began = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if began.elapsed() >= READY_WITHIN {
            return Err(
                format!("chromedriver did not listen after {} s; {}", READY_WITHIN.as_secs(), log.tail()).into()
            );
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
