use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::error::ApiError;
use super::{distribution, xml};
use crate::emulator::Emulator;

/// Invalidations in a page of `ListInvalidations` if the caller sends no `MaxItems`.
const DEFAULT_MAX_ITEMS: usize = 100;

/// `GetInvalidation`.
pub(super) async fn get_invalidation(
    State(emulator): State<Arc<Emulator>>,
    Path((distribution_id, id)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let distribution = distribution(&emulator, &distribution_id).await?;
    let invalidation = emulator.store.with_cache(&distribution.id, |cache| cache.invalidations.get(&id));
    let invalidation = invalidation.ok_or(ApiError::NoSuchInvalidation(id))?;
    Ok(xml::invalidation(&invalidation, emulator.now())?.into_response())
}

/// The query parameters of `ListInvalidations`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListParameters {
    marker: Option<String>,
    max_items: Option<String>,
}

/// `ListInvalidations`.
pub(super) async fn list_invalidations(
    State(emulator): State<Arc<Emulator>>,
    Path(distribution_id): Path<String>,
    Query(parameters): Query<ListParameters>,
) -> Result<Response, ApiError> {
    let distribution = distribution(&emulator, &distribution_id).await?;
    let max_items = match parameters.max_items {
        None => DEFAULT_MAX_ITEMS,
        Some(text) => match text.parse() {
            Ok(number) if number > 0 => number,
            _ => return Err(ApiError::InvalidArgument(format!("MaxItems is '{text}'; send a positive number"))),
        },
    };
    let marker = parameters.marker.filter(|marker| !marker.is_empty());
    let page =
        emulator.store.with_cache(&distribution.id, |cache| cache.invalidations.page(marker.as_deref(), max_items));
    let marker = marker.unwrap_or_default();
    let Some(page) = page else {
        return Err(ApiError::InvalidArgument(format!(
            "Marker '{marker}' is not an invalidation of {distribution_id}; send the NextMarker of a page"
        )));
    };
    Ok(xml::invalidation_list(&page, &marker, max_items, emulator.now())?.into_response())
}
