//! The deployed admin API, called by an admin.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::cause::{Cause, Context as _};
use crate::ministack::MiniStack;

/// The time limit of a request. HTTP APIs respond within 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);

/// The admin API at its local address.
#[derive(Debug, Clone)]
pub struct AdminApi {
    client: reqwest::Client,
    address: SocketAddr,
    url: String,
}

/// A response of the API.
#[derive(Debug, Clone)]
pub struct ApiResponse {
    /// The status.
    pub status: StatusCode,
    /// The body; `null` when it is not JSON.
    pub body: Value,
}

impl fmt::Display for ApiResponse {
    /// The status with the error's message or the invalidation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, body } = self;
        if let Some(message) = self.message() {
            return write!(f, "{status}: {message}");
        }
        match body["invalidation"]["id"].as_str() {
            Some(id) => write!(f, "{status}: invalidation {id}, variants deleted: {}", body["variantsDeleted"]),
            None => write!(f, "{status}: {body}"),
        }
    }
}

impl ApiResponse {
    /// The message of an error. The authorizer's and the gateway's errors have no `error` around it.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.body["error"]["message"].as_str().or_else(|| self.body["message"].as_str())
    }

    /// The response if it is a success; otherwise an error with its message.
    pub fn succeeded(self) -> Result<Self, Cause> {
        if self.status.is_success() { Ok(self) } else { Err(format!("the API rejected the request: {self}").into()) }
    }
}

impl AdminApi {
    /// The API with the stack output `output`, at `ministack`: a custom domain, or an API's id with the local domain.
    pub fn new(output: &str, ministack: &MiniStack) -> Result<Self, Cause> {
        let (host, stage) = host_and_stage(output)
            .ok_or_else(|| format!("AdminApiUrl should be https://<host>/<stage>, but is {output:?}"))?;
        let address = SocketAddr::from(([127, 0, 0, 1], ministack.port()));
        let client = ministack.certificate().http_client()?.timeout(TIMEOUT).resolve(&host, address).build()?;
        Ok(Self { client, address, url: format!("https://{host}:{}/{stage}", ministack.port()) })
    }

    /// `https://<host>:<port>/<stage>`
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The socket behind [`Self::url`], whose host is not in the DNS.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Purges an image pack: `DELETE`, without a token if there is none.
    pub async fn delete(&self, tenant: &str, image_pack: &str, token: Option<&str>) -> Result<ApiResponse, Cause> {
        let request = self.image_pack(Method::DELETE, tenant, image_pack);
        send(token.into_iter().fold(request, RequestBuilder::bearer_auth)).await
    }

    /// Reads the state of an image pack's purges: `GET`.
    pub async fn purge_status(&self, tenant: &str, image_pack: &str, token: &str) -> Result<ApiResponse, Cause> {
        send(self.image_pack(Method::GET, tenant, image_pack).bearer_auth(token)).await
    }

    /// Previews a purge of an image pack: `DELETE` with `dryRun=true`.
    pub async fn preview(&self, tenant: &str, image_pack: &str, token: &str) -> Result<ApiResponse, Cause> {
        send(self.image_pack(Method::DELETE, tenant, image_pack).query(&[("dryRun", true)]).bearer_auth(token)).await
    }

    /// Requests purges: `POST` with `body`.
    pub async fn enqueue(&self, tenant: &str, body: &Value, dry_run: bool, token: &str) -> Result<ApiResponse, Cause> {
        let request = self.request(Method::POST, &format!("/purges/{tenant}")).query(&[("dryRun", dry_run)]);
        send(request.json(body).bearer_auth(token)).await
    }

    /// Reads the state of a tenant's purges: `GET`.
    pub async fn tenant_status(&self, tenant: &str, token: &str) -> Result<ApiResponse, Cause> {
        send(self.request(Method::GET, &format!("/purges/{tenant}")).bearer_auth(token)).await
    }

    /// Reads the OpenAPI document: `GET`.
    pub async fn openapi(&self, token: &str) -> Result<ApiResponse, Cause> {
        send(self.request(Method::GET, "/openapi.json").bearer_auth(token)).await
    }

    fn image_pack(&self, method: Method, tenant: &str, image_pack: &str) -> RequestBuilder {
        self.request(method, &format!("/images/{tenant}/{image_pack}"))
    }

    /// The HTTP client, which trusts the API's certificate.
    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }
}

/// Sends `request` and reads the response.
pub(crate) async fn send(request: RequestBuilder) -> Result<ApiResponse, Cause> {
    let response = request.send().await.context("the API did not respond")?;
    let status = response.status();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(ApiResponse { status, body })
}

/// The host at which the local AWS serves the API of `url`, and the stage.
fn host_and_stage(url: &str) -> Option<(String, &str)> {
    let (_, rest) = url.split_once("://")?;
    let (host, stage) = rest.split_once('/')?;
    let host = match host.split_once(".execute-api.") {
        Some((id, _)) => format!("{id}.execute-api.localhost"),
        None => host.to_owned(),
    };
    let is_whole = !host.is_empty() && !host.starts_with('.') && !stage.is_empty() && !stage.contains('/');
    is_whole.then_some((host, stage))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_stage_are_read_from_the_address_of_a_stage_only() {
        let cases = [
            (
                "https://abc123.execute-api.eu-west-1.amazonaws.com/dev-lof",
                Some(("abc123.execute-api.localhost", "dev-lof")),
            ),
            ("http://abc123.execute-api.localhost:4566/dev-lof", Some(("abc123.execute-api.localhost", "dev-lof"))),
            ("https://manage.api.localhost/dev-lof", Some(("manage.api.localhost", "dev-lof"))),
            ("https://abc123.execute-api.eu-west-1.amazonaws.com/", None),
            ("https://abc123.execute-api.eu-west-1.amazonaws.com", None),
            ("https://abc123.execute-api.eu-west-1.amazonaws.com/dev-lof/images", None),
            ("https://.execute-api.localhost/dev-lof", None),
            ("dev-lof", None),
        ];
        for (url, expected) in cases {
            let expected = expected.map(|(host, stage)| (host.to_owned(), stage));
            assert_eq!(host_and_stage(url), expected, "{url}");
        }
    }
}
