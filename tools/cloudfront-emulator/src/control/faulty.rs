//! Injects the planned [`Faults`](crate::Faults) into calls.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::error::ApiError;
use crate::emulator::Emulator;
use crate::faults::Fate;

pub(super) async fn inject(State(emulator): State<Arc<Emulator>>, request: Request, next: Next) -> Response {
    let (fate, delay) = emulator.faults.next();
    let response = match fate {
        Fate::Throttled => ApiError::Throttled.into_response(),
        Fate::Failed => ApiError::Injected.into_response(),
        Fate::Served => next.run(request).await,
        Fate::ResponseLost => {
            next.run(request).await;
            ApiError::Injected.into_response()
        }
    };
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    response
}
