//! Responses to editors.

use std::collections::BTreeMap;

use aws_adapters::managed_items::Page;
use domain::editing::managed_pack::{ManagedImage, ManagedPack};
use domain::image::image_pack::{Fit, LocationConfig, Quality, VariantFormat};
use domain::{ImagePackId, LocationName, TenantId};
use lambda_http::http::{HeaderValue, StatusCode};
use lambda_http::{Body, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A pack.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the API calls its id imagePackId")]
pub(crate) struct ImagePack<'a> {
    #[schema(value_type = String)]
    tenant: &'a TenantId,
    #[schema(value_type = String)]
    image_pack_id: &'a ImagePackId,
    /// Grows by one with each write; 0 for a pack that another program wrote.
    revision: u64,
    /// The asset that the pack belongs to, in a system of its editors.
    #[serde(skip_serializing_if = "Option::is_none")]
    asset_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    /// The location that a URL without `location` means.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    main_image_location: Option<&'a LocationName>,
    /// The images by location.
    #[schema(value_type = BTreeMap<String, ManagedImage>)]
    image_locations: &'a BTreeMap<LocationName, ManagedImage>,
}

impl<'a> ImagePack<'a> {
    fn of(tenant: &'a TenantId, image_pack_id: &'a ImagePackId, pack: &'a ManagedPack) -> Self {
        let ManagedPack { revision, asset_id, title, main_image_location, image_locations } = pack;
        Self {
            tenant,
            image_pack_id,
            revision: *revision,
            asset_id: asset_id.as_deref(),
            title: title.as_deref(),
            main_image_location: main_image_location.as_ref(),
            image_locations,
        }
    }
}

/// A page of the packs of a tenant, in the order of their ids.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImagePacks<'a> {
    image_packs: Vec<ImagePack<'a>>,
    /// The `after` of the next page. Absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    next: Option<&'a ImagePackId>,
}

/// The saved configuration of a location.
#[derive(Serialize, ToSchema)]
pub(crate) struct SavedLocationConfig<'a> {
    #[schema(value_type = String)]
    name: &'a LocationName,
    /// Width of the variant in pixels.
    width: u32,
    /// Height of the variant in pixels.
    height: u32,
    fit: Fit,
    format: VariantFormat,
    quality: Quality,
    /// The number of times that the location was forced.
    generation: u64,
    /// Grows by one with each write; 0 for a configuration that another program wrote.
    revision: u64,
}

/// Builds the response with a pack; the entity tag is its revision.
pub(crate) fn pack(status: StatusCode, tenant: &TenantId, id: &ImagePackId, pack: &ManagedPack) -> Response<Body> {
    tagged(http_api::json(status, &ImagePack::of(tenant, id, pack)), pack.revision)
}

/// Builds the response with a page of packs.
pub(crate) fn packs(tenant: &TenantId, Page { packs, next }: &Page) -> Response<Body> {
    let image_packs = packs.iter().map(|(id, pack)| ImagePack::of(tenant, id, pack)).collect();
    http_api::json(StatusCode::OK, &ImagePacks { image_packs, next: next.as_ref() })
}

/// Builds the response with a location's configuration; the entity tag is its revision.
pub(crate) fn location_config(name: &LocationName, config: &LocationConfig) -> Response<Body> {
    let LocationConfig { width, height, fit, format, quality, generation, revision } = *config;
    let saved = SavedLocationConfig { name, width, height, fit, format, quality, generation, revision };
    tagged(http_api::json(StatusCode::OK, &saved), revision)
}

/// Builds the response without a body: 204.
pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

fn tagged(mut response: Response<Body>, revision: u64) -> Response<Body> {
    if let Ok(etag) = HeaderValue::from_str(&format!("\"{revision}\"")) {
        response.headers_mut().insert("etag", etag);
    }
    response
}
