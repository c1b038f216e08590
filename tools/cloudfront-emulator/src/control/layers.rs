//! Layers around the calls: authorization and injected faults.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::MAX_BODY_BYTES;
use crate::api_error::Code;
use crate::emulator::Emulator;
use crate::faults::Fate;
use crate::origin;

/// Rejects a call that the local AWS denies: CloudFront evaluates IAM policies, the emulator delegates this.
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
        Err(error) => return Code::InvalidArgument.error(error.to_string()).into_response(),
    };
    match origin::relay(&emulator, &parts, body.clone()).await {
        Ok((StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, denial)) => {
            Code::AccessDenied.error(message_of(&denial)).into_response()
        }
        Ok(_) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Err(_) => {
            let message =
                "the local AWS did not respond, so the call could not be authorized; check that it is running";
            Code::ServiceUnavailable.error(message).into_response()
        }
    }
}

/// The message in the XML of a denial. Not every local AWS uses CloudFront's XML.
fn message_of(denial: &[u8]) -> String {
    let text = String::from_utf8_lossy(denial);
    let message = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or("the local AWS denies this call", |(message, _)| message).to_owned()
}

/// Injects the planned [`Faults`](crate::Faults).
pub(super) async fn inject_faults(State(emulator): State<Arc<Emulator>>, request: Request, next: Next) -> Response {
    let (fate, delay) = emulator.faults.next();
    let injected = || Code::InternalError.error("injected fault").into_response();
    let response = match fate {
        Fate::Throttled => Code::Throttling.error("rate exceeded").into_response(),
        Fate::Failed => injected(),
        Fate::Served => next.run(request).await,
        Fate::ResponseLost => {
            next.run(request).await;
            injected()
        }
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    response
}
