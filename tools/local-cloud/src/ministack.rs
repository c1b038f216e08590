//! The local AWS: `MiniStack` as a child process on loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::Command;

use crate::cause::{Cause, Context as _};
use crate::certificate::Certificate;
use crate::checkout::Checkout;
use crate::log_file::LogFile;
use crate::process_group::ProcessGroup;

/// The region that everything is deployed to, the same as in `cdk/environments/dev.toml`.
pub const REGION: &str = "eu-west-1";

/// The region of CloudFront's metrics and alarms.
pub const CLOUDFRONT_REGION: &str = "us-east-1";
/// The account of `MiniStack`.
pub const ACCOUNT: &str = "000000000000";

/// The time limit of a start. Measured: under a second; the rest is for a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// The time limit of a readiness check.
const RESPONSE_WITHIN: Duration = Duration::from_secs(1);
/// The pause between two readiness checks.
const POLL: Duration = Duration::from_millis(50);

/// Starts `MiniStack` as `python -m ministack` does, with a few changes.
const LAUNCH: &str = include_str!("launch.py");

/// A running `MiniStack`. Dropping it ends it and the Lambda functions that it runs.
#[derive(Debug)]
pub struct MiniStack {
    // Dropped in this order: the processes end before the folder that they write to is removed.
    processes: ProcessGroup,
    _folder: TempDir,
    log: LogFile,
    port: u16,
    certificate: Certificate,
}

/// The endpoints that the functions call instead of `MiniStack`'s own.
#[derive(Debug, Clone)]
pub struct Proxies {
    /// The CloudFront emulator.
    pub cloudfront: String,
    /// The proxy that answers calls of DynamoDB and Systems Manager as AWS does under load, or passes them on.
    pub load: String,
}

/// A free port of the loopback interface.
///
/// Another program could take it before its user does; the user then fails with "address in use".
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The endpoint of `MiniStack` on `port`. Not `localhost`: for an IP address the S3 clients use path style.
#[must_use]
pub fn endpoint(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

impl MiniStack {
    /// Starts `MiniStack` on `port` and waits until it is ready. Its log and its temporary files are in `run_dir`.
    ///
    /// It enforces IAM: a call that a function's execution role is not granted is denied.
    ///
    /// The Lambda functions inherit its environment and find the `proxies` there.
    pub async fn start(checkout: &Checkout, run_dir: &Path, port: u16, proxies: &Proxies) -> Result<Self, Cause> {
        let log = LogFile::create(run_dir.join("ministack.log"))?;
        let folder = tempfile::Builder::new().prefix("ministack-").tempdir_in(run_dir)?;
        let certificate = Certificate::generate(folder.path()).await?;
        let processes = ProcessGroup::spawn(
            Command::new(checkout.python()?)
                .args(["-c", LAUNCH])
                // The Lambda functions inherit this environment, so it holds nothing else.
                .env_clear()
                .env("HOME", folder.path())
                .env("TMPDIR", folder.path())
                .env("PATH", "/usr/bin:/bin")
                .env("BIND_HOST", "127.0.0.1")
                .env("GATEWAY_PORT", port.to_string())
                .env("MINISTACK_HOST", "localhost")
                .env("MINISTACK_REGION", REGION)
                .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
                .env("AUTH", "true")
                .env("USE_SSL", "1")
                .env("MINISTACK_SSL_CERT", certificate.path())
                .env("MINISTACK_SSL_KEY", certificate.key_path())
                // The functions trust this certificate.
                .env("SSL_CERT_FILE", certificate.path())
                .env("AWS_DEFAULT_REGION", REGION)
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("AWS_ENDPOINT_URL", endpoint(port))
                .env("AWS_ENDPOINT_URL_CLOUDFRONT", &proxies.cloudfront)
                .env("AWS_ENDPOINT_URL_DYNAMODB", &proxies.load)
                .env("AWS_ENDPOINT_URL_SSM", &proxies.load)
                // Both would listen on every interface.
                .env("IOT_MTLS_ENABLED", "0")
                .env("SFTP_ENABLED", "0")
                .current_dir(folder.path())
                .stdin(std::process::Stdio::null())
                .stdout(log.append()?)
                .stderr(log.append()?),
        )
        .context("MiniStack could not be started")?;
        let mut ministack = Self { processes, _folder: folder, log, port, certificate };
        ministack.ready().await?;
        Ok(ministack)
    }

    /// The endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The certificate that its clients must trust.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process group of `MiniStack` and its Lambda functions.
    #[must_use]
    pub fn process_group(&self) -> i32 {
        self.processes.id()
    }

    async fn ready(&mut self) -> Result<(), Cause> {
        let url = format!("{}/_ministack/ready", self.endpoint());
        let client = self.certificate.http_client()?.timeout(RESPONSE_WITHIN).build()?;
        let began = Instant::now();
        while began.elapsed() < READY_WITHIN {
            if let Some(status) = self.processes.leader().try_wait()? {
                return Err(format!("MiniStack ended during its start ({status}); {}", self.log.tail()).into());
            }
            if client.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(format!("MiniStack was not ready after {} s; {}", READY_WITHIN.as_secs(), self.log.tail()).into())
    }
}
