//! A request to image-processing without a distribution, which strips the cache tags.

use std::collections::BTreeMap;

use aws_adapters::{CallError, call_error, sdk_error};
use aws_sdk_lambda::Client;
use aws_sdk_lambda::primitives::Blob;
use contract::TenantSource;
use contract::headers::TENANT_HEADER;
use contract::tenant_source::TENANT_PATH_PREFIX;
use domain::TenantId;
use serde::Deserialize;
use serde_json::{Value, json};

/// A response of image-processing, without its body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Response {
    pub(crate) status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// Invokes image-processing for `path`, query included, as its function URL does for a request of the tenant's distribution.
pub(crate) async fn request(
    client: &Client,
    function: &str,
    source: TenantSource,
    tenant: &TenantId,
    path: &str,
) -> Result<Response, CallError> {
    let action = || format!("invoking {function}");
    let payload = Blob::new(event(source, tenant, path).to_string());
    let invoked = client.invoke().function_name(function).payload(payload).send().await;
    let invoked = invoked.map_err(|error| sdk_error(action(), error))?;
    let payload = invoked.payload.unwrap_or_else(|| Blob::new([])).into_inner();
    if let Some(error) = invoked.function_error {
        return Err(CallError::new(action(), format!("{error}: {}", String::from_utf8_lossy(&payload))));
    }
    serde_json::from_slice(&payload).map_err(|error| call_error(action(), error))
}

/// The event of a function URL (payload format 2.0), as a distribution with this source of tenants causes it.
fn event(source: TenantSource, tenant: &TenantId, path: &str) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let parameters: BTreeMap<_, _> = query.split('&').filter_map(|parameter| parameter.split_once('=')).collect();
    let path = path.to_owned();
    let (path, headers) = match source {
        TenantSource::Header => (path, json!({"host": "imagecache", TENANT_HEADER: tenant})),
        TenantSource::Path => (format!("{TENANT_PATH_PREFIX}{tenant}{path}"), json!({"host": "imagecache"})),
    };
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": parameters,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "imagecache",
            "domainName": "imagecache",
            "domainPrefix": "imagecache",
            "http": {
                "method": "GET",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "imagecache verify",
            },
            "requestId": "imagecache-verify",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "isBase64Encoded": false,
    })
}
