use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::IntoResponse;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::{API_VERSION, Shared, xml};
use crate::api_error::{ApiError, Code};
use crate::distribution::{Access, Distribution};
use crate::emulator::Emulator;

/// Invalidations in a page of `ListInvalidations` if the caller sends no `MaxItems`.
const DEFAULT_MAX_ITEMS: usize = 100;

/// The kind of resource that an invalidation is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Distribution,
    DistributionTenant,
}

/// `CreateInvalidation` and `CreateInvalidationForDistributionTenant`.
pub(super) async fn create_invalidation(
    State(emulator): Shared,
    Extension(kind): Extension<Kind>,
    Path(distribution_id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<impl IntoResponse, ApiError> {
    let distribution = existing(&emulator, kind, &distribution_id).await?;
    let batch = xml::batch(&body)?;
    if let Some(item) = emulator.faults.first_rejected(&batch.items) {
        return Err(Code::InvalidArgument.error(format!("the request contains an invalid invalidation item, '{item}'")));
    }
    let now = emulator.now();
    let invalidation = emulator.state().invalidate(&distribution, now, batch)?;

    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let id = &invalidation.id;
    let kind = kind.as_str();
    let location = format!("http://{host}/{API_VERSION}/{kind}/{distribution_id}/invalidation/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)], xml::invalidation(&invalidation, now)))
}

/// `GetInvalidation` and `GetInvalidationForDistributionTenant`.
pub(super) async fn get_invalidation(
    State(emulator): Shared,
    Extension(kind): Extension<Kind>,
    Path((distribution_id, id)): Path<(String, String)>,
) -> Result<impl IntoResponse, ApiError> {
    existing(&emulator, kind, &distribution_id).await?;
    let Some(invalidation) = emulator.with_cache(&distribution_id, |cache| cache.invalidations.get(&id)) else {
        return Err(Code::NoSuchInvalidation.error(format!("the specified invalidation '{id}' does not exist")));
    };
    Ok(xml::invalidation(&invalidation, emulator.now()))
}

/// The query parameters of `ListInvalidations`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListParameters {
    #[serde(default)]
    marker: String,
    max_items: Option<NonZeroUsize>,
}

/// `ListInvalidations` and `ListInvalidationsForDistributionTenant`.
pub(super) async fn list_invalidations(
    State(emulator): Shared,
    Extension(kind): Extension<Kind>,
    Path(distribution_id): Path<String>,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<impl IntoResponse, ApiError> {
    existing(&emulator, kind, &distribution_id).await?;
    let Query(ListParameters { marker, max_items }) =
        parameters.map_err(|rejection| Code::InvalidArgument.error(rejection.body_text()))?;
    let max_items = max_items.map_or(DEFAULT_MAX_ITEMS, NonZeroUsize::get);
    let after = Some(marker.as_str()).filter(|marker| !marker.is_empty());
    let Some(page) = emulator.with_cache(&distribution_id, |cache| cache.invalidations.page(after, max_items)) else {
        return Err(Code::InvalidArgument.error(format!(
            "Marker '{marker}' is not an invalidation of {distribution_id}; send the NextMarker of a page"
        )));
    };
    Ok(xml::invalidation_list(&page, &marker, max_items, emulator.now()))
}

impl Kind {
    /// The kind in a path.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Distribution => "distribution",
            Self::DistributionTenant => "distribution-tenant",
        }
    }
}

/// The distribution, or the distribution tenant, with this id.
async fn existing(emulator: &Emulator, kind: Kind, id: &str) -> Result<Arc<Distribution>, ApiError> {
    let is_of_kind = |known: &Distribution| match kind {
        Kind::Distribution => !matches!(known.access, Access::Tenant(_)),
        Kind::DistributionTenant => matches!(known.access, Access::Tenant(_)),
    };
    let found = emulator.config.distributions.find(emulator.now(), |known| known.id == id && is_of_kind(known)).await;
    match (found, kind) {
        (Ok(Some(distribution)), _) => Ok(distribution),
        (Ok(None), Kind::Distribution) => {
            Err(Code::NoSuchDistribution.error(format!("the specified distribution '{id}' does not exist")))
        }
        (Ok(None), Kind::DistributionTenant) => {
            Err(Code::EntityNotFound.error(format!("the specified distribution tenant '{id}' does not exist")))
        }
        (Err(error), _) => {
            tracing::warn!(%error, "the deployed distributions are not available");
            Err(Code::ServiceUnavailable.error(error.to_string()))
        }
    }
}
