//! HTTP requests that no HTTP client sends as they are, such as a path with `..`.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use local_cloud::LocalCloud;
use local_cloud::admin::{AdminApi, ApiResponse};
use local_cloud::cause::Cause;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const TIMEOUT: Duration = Duration::from_secs(35);

/// A client of the admin API over its own TLS connections.
pub(super) struct RawClient {
    api: AdminApi,
    tls: TlsConnector,
}

impl RawClient {
    pub(super) fn new(cloud: &LocalCloud) -> Result<Self, Cause> {
        let mut trusted = RootCertStore::empty();
        trusted.add(CertificateDer::from_pem_slice(cloud.parts.ministack.certificate().pem())?)?;
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(trusted)
            .with_no_client_auth();
        Ok(Self { api: cloud.admin_api()?, tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Sends a request and reads the response. `target` follows the stage; it may contain anything but a space.
    pub(super) async fn send(
        &self,
        method: &str,
        target: &str,
        headers: &str,
        body: &[u8],
    ) -> Result<ApiResponse, Cause> {
        let (_, host_and_stage) = self.api.url().split_once("://").unwrap_or_default();
        let (host, stage) = host_and_stage.split_once('/').unwrap_or_default();
        let length = body.len();
        let head = format!(
            "{method} /{stage}{target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\
             content-length: {length}\r\n\r\n"
        );
        let response = tokio::time::timeout(TIMEOUT, self.exchange(host, head.as_bytes(), body)).await??;
        let text = String::from_utf8_lossy(&response);
        let (head, body) = text.split_once("\r\n\r\n").ok_or("the admin API sent no HTTP response")?;
        let status = head.split(' ').nth(1).unwrap_or_default().parse()?;
        Ok(ApiResponse { status, body: serde_json::from_str(body).unwrap_or_default() })
    }

    async fn exchange(&self, host: &str, head: &[u8], body: &[u8]) -> io::Result<Vec<u8>> {
        let name = host.split(':').next().unwrap_or_default().to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let mut stream = self.tls.connect(name, TcpStream::connect(self.api.address()).await?).await?;
        stream.write_all(head).await?;
        // A server that rejects a body may close the connection before it has been sent.
        let _ = stream.write_all(body).await;
        let mut response = Vec::new();
        match stream.read_to_end(&mut response).await {
            Err(error) if response.is_empty() => Err(error),
            _ => Ok(response),
        }
    }
}
