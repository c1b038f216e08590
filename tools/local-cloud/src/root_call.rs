//! Calls of AWS services without their SDK crates, as the account's root.
//!
//! The few calls of IAM, STS, Route 53, Lambda and `CloudWatch` Logs are not worth compiling five SDK crates for.
//! `MiniStack` reads service and account from the credential scope and does not verify a signature of the root.

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use crate::cause::{Cause, Context as _};
use crate::ministack::{MiniStack, REGION};

/// Calls services of one local AWS.
#[derive(Debug, Clone)]
pub struct RootCaller {
    client: reqwest::Client,
    endpoint: String,
    region: &'static str,
}

impl RootCaller {
    /// A caller of `ministack`.
    pub fn new(ministack: &MiniStack) -> Result<Self, Cause> {
        let client = ministack.certificate().http_client()?.build()?;
        Ok(Self { client, endpoint: ministack.endpoint(), region: REGION })
    }

    /// The same caller in another region.
    #[must_use]
    pub fn in_region(&self, region: &'static str) -> Self {
        Self { region, ..self.clone() }
    }

    /// Begins a request to `service`.
    pub fn request(&self, service: &str, method: Method, path: &str) -> RequestBuilder {
        let scope = format!("test/20260101/{}/{service}/aws4_request", self.region);
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        self.client.request(method, format!("{}{path}", self.endpoint)).header("authorization", authorization)
    }

    /// Calls an action of a query API (IAM, STS) and returns the XML of the response.
    pub async fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Result<String, Cause> {
        let version = if service == "iam" { "2010-05-08" } else { "2011-06-15" };
        let form = [&[("Action", action), ("Version", version)], parameters].concat();
        text(self.request(service, Method::POST, "/").form(&form)).await.context(format!("{action} of {service}"))
    }

    /// Calls an operation of a JSON API (`CloudWatch` Logs) and returns the response.
    pub async fn json(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Cause> {
        let request = self.request(service, Method::POST, "/").header("x-amz-target", operation);
        let request = request.header("content-type", "application/x-amz-json-1.1").body(input.to_string());
        Ok(serde_json::from_str(&text(request).await.context(operation)?)?)
    }

    /// Calls an operation of a REST API (Lambda, `EventBridge` Scheduler) and returns the response.
    pub async fn rest(&self, service: &str, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Cause> {
        let mut request = self.request(service, method, path);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let text = text(request).await.context(path.to_owned())?;
        Ok(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? })
    }
}

/// Sends `request` and reads the body of a success.
pub async fn text(request: RequestBuilder) -> Result<String, Cause> {
    let response = request.send().await?;
    let (status, body) = (response.status(), response.text().await?);
    if status.is_success() { Ok(body) } else { Err(format!("{status}: {body}").into()) }
}

/// The texts of every element `name` of an XML document, in order.
#[must_use]
pub fn elements<'a>(xml: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(open.as_str()).skip(1).filter_map(|rest| Some(rest.split_once(close.as_str())?.0)).collect()
}
