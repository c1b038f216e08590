//! A server for AWS services that speak JSON: one POST for each call, named by the header `x-amz-target`.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An AWS service in the test's process. As strict as AWS: a request that AWS rejects is rejected.
pub trait JsonApi: Send + Sync + 'static {
    /// The first part of `x-amz-target`, for example `AmazonSSM`.
    const TARGET: &str;

    /// Carries out one call.
    fn call(&self, operation: &str, request: Value) -> impl Future<Output = Result<Value, ServiceError>> + Send;
}

/// An error of a service, with status 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    code: &'static str,
    message: String,
}

impl ServiceError {
    /// The error `code`, for example `ParameterNotFound`.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The error for a call that the service, or this replacement of it, does not have.
    #[must_use]
    pub fn unknown_operation(operation: &str) -> Self {
        Self::new("UnknownOperationException", format!("{operation} is not implemented"))
    }
}

/// Reads the fields of a request. A field that `T` does not have is an error.
pub fn parse<T: DeserializeOwned>(request: Value) -> Result<T, ServiceError> {
    serde_json::from_value(request).map_err(|error| ServiceError::new("SerializationException", error.to_string()))
}

/// Serves `api` on a free port of 127.0.0.1, as long as the tokio runtime lives, and returns its URL.
///
/// # Panics
/// If no port is free.
pub async fn serve(api: impl JsonApi) -> String {
    let (listener, endpoint_url) = crate::listen().await;
    let router = Router::new().fallback(handle).with_state(Arc::new(api));
    tokio::spawn(async move { axum::serve(listener, router).await });
    endpoint_url
}

async fn handle<A: JsonApi>(State(api): State<Arc<A>>, method: Method, headers: HeaderMap, body: Bytes) -> Response {
    match respond(&*api, &method, &headers, &body).await {
        Ok(response) => (StatusCode::OK, response.to_string()).into_response(),
        Err(ServiceError { code, message }) => {
            (StatusCode::BAD_REQUEST, json!({"__type": code, "message": message}).to_string()).into_response()
        }
    }
}

async fn respond<A: JsonApi>(
    api: &A,
    method: &Method,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, ServiceError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let target = header("x-amz-target");
    let operation = target.strip_prefix(A::TARGET).and_then(|rest| rest.strip_prefix('.'));
    let is_json = header("content-type").starts_with("application/x-amz-json-1.");
    let Some(operation) = operation.filter(|_| method == Method::POST && is_json) else {
        return Err(ServiceError::unknown_operation(target));
    };
    if !header("authorization").starts_with("AWS4-HMAC-SHA256 ") {
        return Err(ServiceError::new("MissingAuthenticationToken", "the request is not signed"));
    }
    let request = serde_json::from_slice(body);
    let request = request.map_err(|error| ServiceError::new("SerializationException", error.to_string()))?;
    api.call(operation, request).await
}
