//! The certificate of the local AWS, which responds over TLS only, as AWS does: our buckets and queues, and the CDK's
//! own, reject plain connections.

use std::path::{Path, PathBuf};

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use tokio::process::Command;

use crate::cause::{Cause, Context as _};

/// Every name of the local AWS: its address, an API's host name, and the unified API's custom domain.
const NAMES: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.execute-api.localhost,DNS:manage.api.localhost";
/// Validity: one run, or a `make dev` that is left up.
const DAYS: &str = "30";

/// A self-signed certificate for loopback, trusted by the parts of one run only.
#[derive(Debug, Clone)]
pub struct Certificate {
    path: PathBuf,
    key_path: PathBuf,
    pem: Vec<u8>,
}

impl Certificate {
    /// Generates a certificate and writes it and its key to `folder`.
    pub async fn generate(folder: &Path) -> Result<Self, Cause> {
        let (path, key_path) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let output = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
            .args(["-days", DAYS, "-subj", "/CN=local AWS", "-addext", NAMES])
            // A certificate that may sign others is rejected as a server's own.
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"])
            .arg("-keyout")
            .arg(&key_path)
            .arg("-out")
            .arg(&path)
            .output()
            .await
            .context("openssl could not be run; install openssl, which MiniStack needs too")?;
        if !output.status.success() {
            let reason = String::from_utf8_lossy(&output.stderr);
            return Err(format!("openssl generated no certificate: {reason}").into());
        }
        let pem = std::fs::read(&path)?;
        Ok(Self { path, key_path, pem })
    }

    /// The certificate's file, in PEM.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The key's file.
    #[must_use]
    pub fn key_path(&self) -> &Path {
        &self.key_path
    }

    /// The certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// A builder of an HTTP client that trusts this certificate only.
    pub fn http_client(&self) -> reqwest::Result<reqwest::ClientBuilder> {
        let certificate = reqwest::Certificate::from_pem(&self.pem)?;
        Ok(reqwest::Client::builder().no_proxy().tls_certs_only([certificate]))
    }

    /// The HTTP client of the AWS clients. It trusts this certificate only.
    pub fn aws_client(&self) -> Result<SharedHttpClient, Cause> {
        let trusted = TrustStore::empty().with_pem_certificate(self.pem.clone());
        let context = TlsContext::builder().with_trust_store(trusted).build()?;
        Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https())
    }
}
