//! Authorization of API calls. CloudFront evaluates IAM policies; the emulator delegates this to the local AWS.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::MAX_BODY_BYTES;
use super::error::ApiError;
use crate::emulator::Emulator;

/// Rejects a call that the local AWS denies.
///
/// The request is sent there unchanged, with the caller's signature: its CloudFront API checks the signature and the
/// caller's policies first. The emulator ignores its state and every other response.
pub(super) async fn authorize(State(emulator): State<Arc<Emulator>>, request: Request, next: Next) -> Response {
    if !emulator.config.authorize_callers {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = match to_bytes(body, MAX_BODY_BYTES).await {
        Ok(body) => body,
        Err(error) => return ApiError::InvalidArgument(error.to_string()).into_response(),
    };
    match emulator.origin.relay(&parts, body.clone()).await {
        Ok((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, denial)) => {
            ApiError::AccessDenied(message_of(&denial)).into_response()
        }
        Ok(_) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(error) => ApiError::NoAuthority(error).into_response(),
    }
}

/// The message in the XML of a denial. Not every local AWS uses CloudFront's XML.
fn message_of(denial: &[u8]) -> String {
    let text = String::from_utf8_lossy(denial);
    let message = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or("the local AWS denies this call", |(message, _)| message).to_owned()
}
