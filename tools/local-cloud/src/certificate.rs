//! The certificate of the local AWS. `MiniStack` responds over TLS alone, as AWS does: our buckets and queues, and the
//! CDK's own, reject plain connections.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, HttpClientError};
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Every name under which the local AWS is called: by its address, and an API by its own host name.
const NAMES: &str = "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:*.execute-api.localhost";
/// For how long it is good: one run, or somebody's `make dev` over the holidays.
const DAYS: &str = "30";

/// A self-signed certificate for loopback, which the parts of one run trust and nobody else does.
#[derive(Debug, Clone)]
pub struct Certificate {
    path: PathBuf,
    key_path: PathBuf,
    pem: Vec<u8>,
}

/// Why there is no certificate, or no client that trusts it.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// `openssl` could not be run, or what it wrote could not be read.
    #[error("the certificate could not be made; install openssl, which MiniStack needs too")]
    Openssl(#[from] io::Error),
    /// `openssl` failed.
    #[error("openssl made no certificate: {0}")]
    Failed(String),
    /// The AWS clients can't use it.
    #[error("no AWS client can be made that trusts the certificate")]
    Aws(#[from] HttpClientError),
    /// TLS can't use it.
    #[error("no TLS connection can be made that trusts the certificate")]
    Tls(#[from] tokio_rustls::rustls::Error),
    /// It is not PEM.
    #[error("the certificate that openssl made is not PEM")]
    Pem(#[from] tokio_rustls::rustls::pki_types::pem::Error),
    /// The HTTP clients can't use it.
    #[error("no HTTP client can be made that trusts the certificate")]
    Http(#[from] reqwest::Error),
}

impl Certificate {
    /// Makes one, and writes it and its key to `folder`.
    pub async fn make(folder: &Path) -> Result<Self, CertificateError> {
        let (path, key_path) = (folder.join("certificate.pem"), folder.join("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
            .args(["-days", DAYS, "-subj", "/CN=local AWS", "-addext", NAMES])
            // A certificate that may sign others is rejected as a server's own.
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth"])
            .arg("-keyout")
            .arg(&key_path)
            .arg("-out")
            .arg(&path)
            .output()
            .await?;
        if !made.status.success() {
            return Err(CertificateError::Failed(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let pem = std::fs::read(&path)?;
        Ok(Self { path, key_path, pem })
    }

    /// Where it is, in PEM, for programs that are told what to trust by a file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where its key is.
    #[must_use]
    pub fn key_path(&self) -> &Path {
        &self.key_path
    }

    /// The certificate itself, in PEM.
    #[must_use]
    pub fn pem(&self) -> &[u8] {
        &self.pem
    }

    /// Begins an HTTP client that trusts this certificate and no other.
    pub fn http_client(&self) -> Result<reqwest::ClientBuilder, CertificateError> {
        let certificate = reqwest::Certificate::from_pem(&self.pem)?;
        Ok(reqwest::Client::builder().no_proxy().tls_certs_only([certificate]))
    }

    /// What AWS clients send their requests with; trusts this certificate and no other.
    pub fn aws_client(&self) -> Result<SharedHttpClient, CertificateError> {
        let trusted = TrustStore::empty().with_pem_certificate(self.pem.clone());
        let context = TlsContext::builder().with_trust_store(trusted).build()?;
        Ok(Builder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).tls_context(context).build_https())
    }

    /// Opens TLS connections that trust this certificate and no other, for requests that no HTTP client sends.
    pub fn tls_connector(&self) -> Result<TlsConnector, CertificateError> {
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_slice(&self.pem)?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
}
