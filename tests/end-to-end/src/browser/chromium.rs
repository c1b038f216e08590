//! A headless Chromium with a fresh profile, driven through chromedriver.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use fantoccini::error::{CmdError, NewSessionError};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::Command;

use local_cloud::log_file::LogFile;
use local_cloud::ministack::free_port;
use local_cloud::process_group::ProcessGroup;

/// How long chromedriver may take to listen. Measured: a tenth of a second; the rest is for a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(20);
/// How often to check whether it listens.
const POLL: Duration = Duration::from_millis(50);
/// Nothing but the page: no first-run screens, no updates, no calls to anybody's servers. Without a sandbox, because a
/// container has no user namespaces for one, and the only page is the console's own.
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

/// A running browser, which ends when this value is dropped.
#[derive(Debug)]
pub(super) struct Chromium {
    /// What drives it.
    pub(super) client: Client,
    // Dropped in this order: the processes end before the folder that they write to goes.
    _processes: ProcessGroup,
    _profile: TempDir,
}

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub(super) enum ChromiumError {
    /// It is not installed.
    #[error("chromedriver is not installed; run `make setup`, or install the packages chromium and chromium-driver")]
    NotInstalled,
    /// A folder, a log or the process could not be made.
    #[error("chromedriver could not be started")]
    Start(#[from] io::Error),
    /// It does not listen.
    #[error("chromedriver did not listen after {} s; the end of {}:\n{tail}", READY_WITHIN.as_secs(), log.display())]
    NotReady {
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// The browser did not start.
    #[error("chromedriver could not start Chromium")]
    Session(#[source] Box<NewSessionError>),
}

impl Chromium {
    /// Starts a browser that logs to `run_dir`.
    pub(super) async fn start(run_dir: &Path) -> Result<Self, ChromiumError> {
        let profile = tempfile::Builder::new().prefix("chromium-").tempdir_in(run_dir)?;
        let log = LogFile::create(run_dir.join("chromedriver.log"))?;
        let port = free_port()?;
        let processes = ProcessGroup::spawn(
            Command::new("chromedriver")
                .arg(format!("--port={port}"))
                // What the browser caches outside of its profile goes away with it too.
                .env("HOME", profile.path())
                .env("TMPDIR", profile.path())
                .env("XDG_CONFIG_HOME", profile.path())
                .env("XDG_CACHE_HOME", profile.path())
                .stdin(Stdio::null())
                .stdout(log.stdio()?)
                .stderr(log.stdio()?),
        )
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ChromiumError::NotInstalled,
            _ => ChromiumError::Start(error),
        })?;
        ready(port, &log).await?;

        let mut arguments = ARGUMENTS.map(ToOwned::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().join("profile").display()));
        let capabilities = json!({"browserName": "chrome", "goog:chromeOptions": {"args": arguments}});
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities.as_object().cloned().unwrap_or_default())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .map_err(|error| ChromiumError::Session(Box::new(error)))?;
        Ok(Self { client, _processes: processes, _profile: profile })
    }

    /// Ends the browser before its driver, which then has nothing left to clean up.
    pub(super) async fn close(self) -> Result<(), CmdError> {
        self.client.clone().close().await
    }
}

/// Waits until chromedriver listens.
async fn ready(port: u16, log: &LogFile) -> Result<(), ChromiumError> {
    let began = Instant::now();
    while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        if began.elapsed() >= READY_WITHIN {
            return Err(ChromiumError::NotReady { log: log.path().to_owned(), tail: log.tail() });
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}
