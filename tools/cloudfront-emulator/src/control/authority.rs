//! Whether a caller may make a call. CloudFront queries IAM; the emulator queries the local AWS, which has one.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::MAX_BODY_BYTES;
use super::error::ApiError;
use crate::emulator::Emulator;

/// Lets a call through unless the local AWS denies it.
///
/// The very request that came, with the caller's signature, is made there too: its CloudFront API checks the signature
/// and the caller's policies before anything else. What it notes down is never looked at, and whatever else it returns
/// is the emulator's business.
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

/// What the XML of a denial says to people. Not every local AWS responds in CloudFront's own XML.
fn message_of(denial: &[u8]) -> String {
    let text = String::from_utf8_lossy(denial);
    let message = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or("the local AWS denies this call", |(message, _)| message).to_owned()
}
