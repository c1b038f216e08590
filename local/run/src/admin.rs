//! The deployed API, and an admin who purges by hand through it.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::Value;

use crate::certificate::CertificateError;
use crate::ministack::MiniStack;

/// How long the API may take; HTTP APIs give up after 30 s.
const TIMEOUT: Duration = Duration::from_secs(35);

/// The admin API as it is reached on this machine.
#[derive(Debug, Clone)]
pub struct AdminApi {
    client: reqwest::Client,
    /// `https://<api id>.execute-api.localhost:<port>/<stage>`
    url: String,
}

/// What the API answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; `null` when it is not JSON.
    pub body: Value,
}

impl fmt::Display for Answer {
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

impl Answer {
    /// The answer if it is a success; what it says otherwise.
    pub fn succeeded(self) -> Result<Self, AdminError> {
        if self.status.is_success() { Ok(self) } else { Err(AdminError::Refused(self.to_string())) }
    }
}

/// Why the admin got no answer.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// The stack's output is not the address of a stage.
    #[error("the output AdminApiUrl should be https://<api id>.execute-api.<region>.<domain>/<stage>, but is {0:?}")]
    Output(String),
    /// No client can be made that trusts the API.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The API did not answer.
    #[error("the admin API did not answer")]
    Http(#[from] reqwest::Error),
    /// The API answered that it did not do what it should.
    #[error("the admin API refused: {0}")]
    Refused(String),
}

impl AdminApi {
    /// The API whose address the stack gave as `output`, reached at `ministack`: its id and its stage are kept, only the
    /// domain is one of this machine's.
    pub fn new(output: &str, ministack: &MiniStack) -> Result<Self, AdminError> {
        let (id, stage) = id_and_stage(output).ok_or_else(|| AdminError::Output(output.to_owned()))?;
        let host = format!("{id}.execute-api.localhost");
        let address = ([127, 0, 0, 1], ministack.port()).into();
        let client = ministack.certificate().http_client()?.timeout(TIMEOUT).resolve(&host, address).build()?;
        Ok(Self { client, url: format!("https://{host}:{}/{stage}", ministack.port()) })
    }

    /// The address that purges one image pack.
    #[must_use]
    pub fn image_pack_url(&self, tenant: &str, image_pack: &str) -> String {
        format!("{}/images/{tenant}/{image_pack}", self.url)
    }

    /// `DELETE`s an image pack's variants and cached copies; without a token if there is none.
    pub async fn delete(&self, tenant: &str, image_pack: &str, token: Option<&str>) -> Result<Answer, AdminError> {
        let request = self.request(Method::DELETE, &format!("/images/{tenant}/{image_pack}"));
        answer(match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
        .await
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

/// Sends `request` and reads the answer.
pub(crate) async fn answer(request: RequestBuilder) -> Result<Answer, AdminError> {
    let response = request.send().await?;
    let status = response.status();
    let body = serde_json::from_slice(&response.bytes().await?).unwrap_or_default();
    Ok(Answer { status, body })
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
