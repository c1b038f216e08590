//! Layers around the calls: authorization, the throttle and injected faults.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;

use super::{MAX_BODY_BYTES, Shared};
use crate::account::Operation;
use crate::api_error::{ApiError, Code};
use crate::emulator::Emulator;
use crate::faults::Fate;
use crate::origin;

/// Rejects a call that the local AWS denies: CloudFront evaluates IAM policies, the emulator delegates this.
///
/// The request is sent there unchanged, with the caller's signature: its CloudFront API checks the signature and the
/// caller's policies first. The emulator ignores its state and every other response.
pub(super) async fn authorize(State(emulator): Shared, request: Request, next: Next) -> Result<Response, ApiError> {
    if !emulator.config.authorize_callers {
        return Ok(next.run(request).await);
    }
    let (parts, body) = request.into_parts();
    let body = whole(body).await?;
    let response = origin::relay(&emulator, &parts, body.clone()).await.map_err(|_| {
        let message = "the local AWS did not respond, so the call could not be authorized; check that it is running";
        Code::ServiceUnavailable.error(message)
    })?;
    if [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&response.status()) {
        return Err(Code::AccessDenied.error(message_of(response.body())));
    }
    Ok(next.run(Request::from_parts(parts, Body::from(body))).await)
}

/// The bytes of a call's body.
pub(super) async fn whole(body: Body) -> Result<Bytes, ApiError> {
    let bytes = to_bytes(body, MAX_BODY_BYTES).await;
    bytes.map_err(|error| Code::InvalidArgument.error(error.to_string()))
}

/// The message in the XML of a denial. Not every local AWS uses CloudFront's XML.
fn message_of(denial: &[u8]) -> String {
    let text = String::from_utf8_lossy(denial);
    let message = text.split_once("<Message>").and_then(|(_, rest)| rest.split_once("</Message>"));
    message.map_or("the local AWS denies this call", |(message, _)| message).to_owned()
}

/// Rejects a call that exceeds the rate of its operation.
pub(super) async fn throttle(
    State((emulator, operation)): State<(Arc<Emulator>, Operation)>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let now = emulator.now();
    emulator.state().account.admit_call(now, operation)?;
    Ok(next.run(request).await)
}

/// Injects the planned [`Faults`](crate::Faults).
pub(super) async fn inject_faults(State(emulator): Shared, request: Request, next: Next) -> Result<Response, ApiError> {
    let (fate, delay) = emulator.faults.next();
    let response = match fate {
        Fate::Throttled => Err(Code::Throttling.error("Rate exceeded")),
        Fate::Failed => Err(Code::InternalError.error("injected fault")),
        Fate::Served => Ok(next.run(request).await),
        Fate::ResponseLost => {
            next.run(request).await;
            Err(Code::InternalError.error("injected fault"))
        }
    };
    if !delay.is_zero() {
        emulator.config.clock.sleep(delay).await;
    }
    response
}
