use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use super::error::ApiError;
use super::{API_VERSION, distribution, xml};
use crate::cache::Batch;
use crate::emulator::Emulator;

/// `CreateInvalidation`.
pub(super) async fn create_invalidation(
    State(emulator): State<Arc<Emulator>>,
    Path(distribution_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let distribution = distribution(&emulator, &distribution_id).await?;
    let batch = parse(&body)?;
    if let Some(item) = emulator.config.rejected_items.first_of(&batch.items) {
        return Err(ApiError::InvalidArgument(format!("the request contains an invalid invalidation item, '{item}'")));
    }
    let now = emulator.now();
    let (delay, quotas) = (emulator.config.propagation_delay, emulator.config.quotas);
    let invalidation =
        emulator.store.with_cache(&distribution.id, |cache| cache.invalidations.create(now, batch, delay, quotas))?;

    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let id = &invalidation.id;
    let location = format!("http://{host}/{API_VERSION}/distribution/{distribution_id}/invalidation/{id}");
    let document = xml::invalidation(&invalidation, now)?;
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], document).into_response())
}

fn parse(body: &[u8]) -> Result<Batch, ApiError> {
    if body.is_empty() {
        return Err(ApiError::MissingBody);
    }
    let xml::InvalidationBatch { paths, caller_reference } = xml::read(body)?;
    let (quantity, items) = (paths.quantity, paths.items.path);
    if usize::try_from(quantity) != Ok(items.len()) {
        return Err(ApiError::InconsistentQuantities { quantity, items: items.len() });
    }
    Ok(Batch { caller_reference, items })
}
