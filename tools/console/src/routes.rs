//! The routes of the console.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::{ImagePackId, LocationName, TenantId};
use loopback_page::{file, guarded};
use serde::Deserialize;

use local_cloud::cause::Context as _;

use crate::action::{self, Order, Outcome};
use crate::table::Shelf;
use crate::{ConsoleError, Context, state};

const PAGE: &str = include_str!("page/index.html");
const SCRIPT: &str = include_str!("page/page.js");

/// The place of the page for the delays of invalidations.
const PROPAGATION: &str = "{{propagation}}";

/// The largest image that the page may upload, in bytes: above the API's 50 MB, so that the API rejects it.
const UPLOAD_MAX_BYTES: usize = 64 << 20;

/// The headers of a viewer's response that the page shows.
const VIEW_HEADERS: [&str; 4] = ["content-type", "x-cache", "age", "image-fingerprint"];

/// The pack that the page shows.
#[derive(Debug, Deserialize)]
struct Chosen {
    tenant: TenantId,
    pack: ImagePackId,
}

/// One URL of viewers; without a location, of the main image.
#[derive(Debug, Deserialize)]
struct Viewed {
    tenant: TenantId,
    pack: ImagePackId,
    location: Option<LocationName>,
}

/// One image of a pack.
#[derive(Debug, Deserialize)]
struct Place {
    tenant: TenantId,
    pack: ImagePackId,
    location: LocationName,
}

/// The routes of a console on `port`.
pub(super) fn routes(context: Arc<Context>, port: u16) -> Router {
    let page = PAGE.replace(PROPAGATION, &local_cloud::propagation());
    let routes = Router::new()
        .route("/", get(async move || ([(CONTENT_TYPE, "text/html; charset=utf-8")], page)))
        .route("/page.js", file("text/javascript; charset=utf-8", SCRIPT))
        .route("/api/tenants", get(tenants))
        .route("/api/state", get(show))
        .route("/view", get(view))
        .route("/original", get(original))
        .route("/api/actions", post(act))
        .route("/api/upload", post(upload))
        .layer(DefaultBodyLimit::max(UPLOAD_MAX_BYTES))
        .with_state(context);
    guarded(routes, port)
}

async fn tenants(State(context): State<Arc<Context>>) -> Json<Vec<TenantId>> {
    Json(context.members.keys().cloned().collect())
}

async fn show(
    State(context): State<Arc<Context>>,
    Query(Chosen { tenant, pack }): Query<Chosen>,
) -> Result<Json<state::State>, ConsoleError> {
    Ok(Json(state::state(&context, context.member(&tenant)?, &pack).await?))
}

/// A viewer's request through the emulator, with the headers that the page shows.
async fn view(
    State(context): State<Arc<Context>>,
    Query(Viewed { tenant, pack, location }): Query<Viewed>,
) -> Result<Response, ConsoleError> {
    let viewer = &context.member(&tenant)?.tenant.viewer;
    let url = viewer.url(pack.as_str(), location.as_ref().map(LocationName::as_str));
    let response = viewer.get(&url).await?;
    let is_shown = |name: &HeaderName| VIEW_HEADERS.contains(&name.as_str());
    let headers = response.headers.into_iter().filter_map(|(name, value)| Some((name.filter(is_shown)?, value)));
    Ok((response.status, headers.collect::<HeaderMap>(), response.body).into_response())
}

/// The current original of an image.
async fn original(
    State(context): State<Arc<Context>>,
    Query(Place { tenant, pack, location }): Query<Place>,
) -> Result<Response, ConsoleError> {
    let observer = &context.observer;
    let shelf = Shelf::read(observer, &context.member(&tenant)?.tenant.id).await?;
    let image = shelf.packs.get(&pack).and_then(|pack| pack.images.image_locations.get(&location));
    let original = &image.ok_or_else(no_such_image)?.original;
    let get = observer.clients.s3.get_object().bucket(&observer.originals_bucket).key(&original.key);
    let object = get.version_id(&original.version).send().await.context("reading the original")?;
    let media_type = object.content_type.unwrap_or_default();
    let bytes = object.body.collect().await?.into_bytes();
    Ok(([(CONTENT_TYPE, media_type)], bytes).into_response())
}

async fn act(State(context): State<Arc<Context>>, Json(order): Json<Order>) -> Result<Json<Outcome>, ConsoleError> {
    Ok(Json(action::carry_out(&context, order).await?))
}

async fn upload(
    State(context): State<Arc<Context>>,
    Query(Place { tenant, pack, location }): Query<Place>,
    headers: HeaderMap,
    image: Bytes,
) -> Result<Json<Outcome>, ConsoleError> {
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(Json(action::upload(&context, &tenant, (&pack, &location), (media_type, image)).await?))
}

fn no_such_image() -> ConsoleError {
    ConsoleError(StatusCode::NOT_FOUND, "there is no such image any more".to_owned())
}
