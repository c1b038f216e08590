//! The deployed API, and an admin who purges by hand through it.

use std::net::SocketAddr;
use std::time::Duration;
use std::{fmt, io};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::certificate::CertificateError;
use crate::ministack::MiniStack;

/// How long the API may take; HTTP APIs give up after 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);

/// The admin API as it is reached on this machine.
#[derive(Clone)]
pub struct AdminApi {
    client: reqwest::Client,
    /// Where this machine reaches it, and whom it trusts there.
    address: SocketAddr,
    tls: TlsConnector,
    /// `https://<api id>.execute-api.localhost:<port>/<stage>`
    url: String,
}

/// The response of the API.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// The status.
    pub status: StatusCode,
    /// The body; `null` when it is not JSON.
    pub body: Value,
}

impl fmt::Display for ApiResponse {
    /// The status and what the body says to people: its message, or what was purged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, body } = self;
        // The authorizer, which is not ours, says it without `error` around it.
        let message = body["error"]["message"].as_str().or_else(|| body["message"].as_str());
        if let Some(message) = message {
            return write!(f, "{status}: {message}");
        }
        match body["invalidation"]["id"].as_str() {
            Some(id) => write!(f, "{status}: invalidation {id}, variants deleted: {}", body["variantsDeleted"]),
            None => write!(f, "{status}: {body}"),
        }
    }
}

impl ApiResponse {
    /// The response if it is a success; what it says otherwise.
    pub fn succeeded(self) -> Result<Self, AdminError> {
        if self.status.is_success() { Ok(self) } else { Err(AdminError::Rejected(self.to_string())) }
    }
}

/// Why the admin got no response.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The stack's output is not the address of a stage.
    #[error("the output AdminApiUrl should be https://<api id>.execute-api.<region>.<domain>/<stage>, but is {0:?}")]
    Output(String),
    /// No client can be made that trusts the API.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The API did not respond.
    #[error("the admin API did not respond")]
    Http(#[from] reqwest::Error),
    /// The API responded that it did not do what it should.
    #[error("the admin API rejected the request: {0}")]
    Rejected(String),
}

impl fmt::Debug for AdminApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdminApi").field("url", &self.url).finish_non_exhaustive()
    }
}

impl AdminApi {
    /// The API whose address the stack gave as `output`, reached at `ministack`: its id and its stage are kept, only the
    /// domain is one of this machine's.
    pub fn new(output: &str, ministack: &MiniStack) -> Result<Self, AdminError> {
        let (id, stage) = id_and_stage(output).ok_or_else(|| AdminError::Output(output.to_owned()))?;
        let host = format!("{id}.execute-api.localhost");
        let address = SocketAddr::from(([127, 0, 0, 1], ministack.port()));
        let certificate = ministack.certificate();
        let client = certificate.http_client()?.timeout(TIMEOUT).resolve(&host, address).build()?;
        let url = format!("https://{host}:{}/{stage}", ministack.port());
        Ok(Self { client, address, tls: certificate.tls_connector()?, url })
    }

    /// The address that purges one image pack.
    #[must_use]
    pub fn image_pack_url(&self, tenant: &str, image_pack: &str) -> String {
        format!("{}/images/{tenant}/{image_pack}", self.url)
    }

    /// `DELETE`s an image pack's variants and cached copies; without a token if there is none.
    pub async fn delete(&self, tenant: &str, image_pack: &str, token: Option<&str>) -> Result<ApiResponse, AdminError> {
        let request = self.request(Method::DELETE, &format!("/images/{tenant}/{image_pack}"));
        send(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
    }

    /// Queries where the purges of an image pack stand.
    pub async fn purge_status(&self, tenant: &str, image_pack: &str, token: &str) -> Result<ApiResponse, AdminError> {
        send(self.request(Method::GET, &format!("/images/{tenant}/{image_pack}")).bearer_auth(token)).await
    }

    /// Queries what a purge of an image pack would do.
    pub async fn preview(&self, tenant: &str, image_pack: &str, token: &str) -> Result<ApiResponse, AdminError> {
        let request = self.request(Method::DELETE, &format!("/images/{tenant}/{image_pack}"));
        send(request.query(&[("dryRun", true)]).bearer_auth(token)).await
    }

    /// Sends a request as it is written, which no HTTP client would leave alone, and reads the response: `target` is
    /// what follows the stage, and may be anything that has no space in it.
    pub async fn send_raw(
        &self,
        method: &str,
        target: &str,
        headers: &[String],
        body: &[u8],
    ) -> io::Result<ApiResponse> {
        let (_, host_and_stage) = self.url.split_once("://").unwrap_or_default();
        let (host, stage) = host_and_stage.split_once('/').unwrap_or_default();
        let headers: String = headers.iter().flat_map(|header| [header.as_str(), "\r\n"]).collect();
        let length = body.len();
        let request = format!(
            "{method} /{stage}{target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\
             content-length: {length}\r\n\r\n"
        );
        let response = tokio::time::timeout(TIMEOUT, self.exchange(host, request.as_bytes(), body)).await??;
        raw_response(&response).ok_or_else(|| io::Error::other("the admin API responded with something else than HTTP"))
    }

    async fn exchange(&self, host: &str, head: &[u8], body: &[u8]) -> io::Result<Vec<u8>> {
        let name = host.split(':').next().unwrap_or_default().to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let mut stream = self.tls.connect(name, TcpStream::connect(self.address).await?).await?;
        stream.write_all(head).await?;
        // A server that rejects a body may hang up before it has been sent.
        let _ = stream.write_all(body).await;
        let mut response = Vec::new();
        match stream.read_to_end(&mut response).await {
            Err(error) if response.is_empty() => Err(error),
            _ => Ok(response),
        }
    }

    /// The client that trusts the API's certificate, for what lies beside it.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Begins a request for `path` of the API.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }
}

/// Sends `request` and reads the response.
pub(crate) async fn send(request: RequestBuilder) -> Result<ApiResponse, AdminError> {
    let response = request.send().await?;
    let status = response.status();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(ApiResponse { status, body })
}

/// Reads status and body of an HTTP response of known length.
fn raw_response(response: &[u8]) -> Option<ApiResponse> {
    let text = String::from_utf8_lossy(response);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(ApiResponse { status, body: serde_json::from_str(body).unwrap_or_default() })
}

fn id_and_stage(url: &str) -> Option<(&str, &str)> {
    let (_, rest) = url.split_once("://")?;
    let (host, stage) = rest.split_once('/')?;
    let (id, domain) = host.split_once('.')?;
    let whole = domain.starts_with("execute-api.") && !id.is_empty() && !stage.is_empty() && !stage.contains('/');
    whole.then_some((id, stage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_stage_are_read_from_the_address_of_a_stage_and_from_nothing_else() {
        let cases = [
            ("https://abc123.execute-api.eu-west-1.amazonaws.com/dev-lof", Some(("abc123", "dev-lof"))),
            ("http://abc123.execute-api.localhost:4566/dev-lof", Some(("abc123", "dev-lof"))),
            ("https://abc123.execute-api.eu-west-1.amazonaws.com/", None),
            ("https://abc123.execute-api.eu-west-1.amazonaws.com", None),
            ("https://abc123.execute-api.eu-west-1.amazonaws.com/dev-lof/images", None),
            ("https://manage.api.eu-west-1.vmnd.tv/dev-lof", None),
            ("dev-lof", None),
        ];
        for (url, expected) in cases {
            assert_eq!(id_and_stage(url), expected, "{url}");
        }
    }
}
