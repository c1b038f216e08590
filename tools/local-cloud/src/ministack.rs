//! The local AWS: `MiniStack` as a child process on loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::process::Command;

use crate::certificate::{Certificate, CertificateError};
use crate::checkout::{Checkout, CheckoutError};
use crate::log_file::LogFile;
use crate::process_group::ProcessGroup;

/// The region that everything is deployed to, the same as in `cdk/environments/dev.toml`.
pub const REGION: &str = "eu-west-1";
/// The account that `MiniStack` plays.
pub const ACCOUNT: &str = "000000000000";

/// How long `MiniStack` may take to become ready. Measured: under a second; the rest is for a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How long it may take to say whether it is ready.
const RESPONSE_WITHIN: Duration = Duration::from_secs(1);
/// How often to check whether it is ready.
const POLL: Duration = Duration::from_millis(50);

/// Starts `MiniStack` as `python -m ministack` does, without HTTP/2, which TLS would bring along: under many requests at a
/// time its server loses streams, and a function then waits for a response that never comes.
const LAUNCH: &str = "
import runpy
from hypercorn.config import Config
Config.alpn_protocols = ['http/1.1']
runpy.run_module('ministack', run_name='__main__', alter_sys=True)
";

/// A running `MiniStack`, which ends, with the Lambda functions it runs, when this value is dropped.
#[derive(Debug)]
pub struct MiniStack {
    // Dropped in this order: the processes end before the folder that they write to goes.
    processes: ProcessGroup,
    _folder: TempDir,
    log: LogFile,
    port: u16,
    certificate: Certificate,
}

/// Why `MiniStack` is not there.
#[derive(Debug, thiserror::Error)]
pub enum MiniStackError {
    /// The checkout lacks its Python.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// There is no certificate to respond with.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// A folder, a log or the process could not be made.
    #[error("MiniStack could not be started")]
    Start(#[from] io::Error),
    /// The process ended at once.
    #[error("MiniStack ended while it started ({status}); the end of {}:\n{tail}", log.display())]
    Ended {
        /// How it ended.
        status: String,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// It did not become ready in time.
    #[error("MiniStack was not ready after {} s; the end of {}:\n{tail}", READY_WITHIN.as_secs(), log.display())]
    NotReady {
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
}

/// A port of the loopback interface that nobody listens on.
///
/// Another program could take it before its user does; the user then fails with a clear "address in use".
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// `MiniStack`'s address when it listens on `port`. Not `localhost`: for an IP address the S3 clients use path style.
#[must_use]
pub fn endpoint(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

impl MiniStack {
    /// Starts `MiniStack` on `port` and waits until it is ready. Its log and its temporary files are in `run_dir`.
    ///
    /// It enforces IAM: a function may do what its execution role is granted, and anything else is denied to it.
    ///
    /// The Lambda functions it runs inherit its environment; that is how they find `cloudfront_endpoint`, where
    /// `CreateInvalidation` is served.
    pub async fn start(
        checkout: &Checkout,
        run_dir: &Path,
        port: u16,
        cloudfront_endpoint: &str,
    ) -> Result<Self, MiniStackError> {
        let log = LogFile::create(run_dir.join("ministack.log"))?;
        let folder = tempfile::Builder::new().prefix("ministack-").tempdir_in(run_dir)?;
        let certificate = Certificate::make(folder.path()).await?;
        let processes = ProcessGroup::spawn(
            Command::new(checkout.python()?)
                .args(["-c", LAUNCH])
                // Everything in this environment reaches the Lambda functions too, so it holds nothing else.
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
                // What the functions trust.
                .env("SSL_CERT_FILE", certificate.path())
                .env("AWS_DEFAULT_REGION", REGION)
                .env("AWS_EC2_METADATA_DISABLED", "true")
                .env("AWS_ENDPOINT_URL", endpoint(port))
                .env("AWS_ENDPOINT_URL_CLOUDFRONT", cloudfront_endpoint)
                // Both would listen on every interface.
                .env("IOT_MTLS_ENABLED", "0")
                .env("SFTP_ENABLED", "0")
                .current_dir(folder.path())
                .stdin(std::process::Stdio::null())
                .stdout(log.stdio()?)
                .stderr(log.stdio()?),
        )?;
        let mut ministack = Self { processes, _folder: folder, log, port, certificate };
        ministack.ready().await?;
        Ok(ministack)
    }

    /// Its endpoint.
    #[must_use]
    pub fn endpoint(&self) -> String {
        endpoint(self.port)
    }

    /// The certificate that it presents, and that its clients must trust.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process group it and its Lambda functions run in.
    #[must_use]
    pub fn process_group(&self) -> i32 {
        self.processes.id()
    }

    async fn ready(&mut self) -> Result<(), MiniStackError> {
        let url = format!("{}/_ministack/ready", self.endpoint());
        let client =
            self.certificate.http_client()?.timeout(RESPONSE_WITHIN).build().map_err(CertificateError::from)?;
        let began = Instant::now();
        while began.elapsed() < READY_WITHIN {
            if let Some(status) = self.processes.leader().try_wait()? {
                return Err(MiniStackError::Ended {
                    status: status.to_string(),
                    log: self.log.path().to_owned(),
                    tail: self.log.tail(),
                });
            }
            if client.get(&url).send().await.is_ok_and(|response| response.status().is_success()) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(MiniStackError::NotReady { log: self.log.path().to_owned(), tail: self.log.tail() })
    }
}
