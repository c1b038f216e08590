//! The routes of the console: its page, and what the commands print, as JSON.

use std::error::Error;
use std::sync::Arc;

use aws_adapters::{AwsPorts, now};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use domain::{ImagePackId, LocationName, TenantId};
use loopback_page::{file, guarded};
use purging::ports::Queue;
use purging::purger::Purger;
use serde::{Deserialize, Serialize};

use super::figures::{Figures, WINDOW};
use crate::alarms::{Alarm, alarms};
use crate::arguments;
use crate::cost::{Cost, Month};
use crate::deployment;
use crate::history::{self, History, LISTED_MAX};
use crate::queue::{QueueRow, rows};
use crate::session::Session;
use crate::snapshot::Snapshot;
use crate::status::Status;
use crate::why::{self, Explanation};

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The place of the page for the name of the environment, which is part of a parameter's name: letters, digits, `-`.
const ENVIRONMENT: &str = "{{environment}}";

/// Everything that the routes read with.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) session: Session,
    pub(super) purger: Purger<AwsPorts>,
    pub(super) viewer_endpoint: Option<String>,
}

/// A failed request of the page. The page shows the message in the panel that made the request.
#[derive(Debug)]
struct ApiError(String);

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into().to_string())
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (StatusCode::BAD_GATEWAY, Json(serde_json::json!({"message": self.0}))).into_response()
    }
}

type Read<T> = Result<Json<T>, ApiError>;

/// The routes on `port`.
pub(super) fn routes(context: Context, port: u16) -> Router {
    let page = include_str!("page/index.html").replace(ENVIRONMENT, &context.session.environment);
    let routes = Router::new()
        .route("/", get(async move || ([(CONTENT_TYPE, HTML)], page)))
        .route("/operators.css", file(CSS, include_str!("page/operators.css")))
        .route("/page.js", file(JAVASCRIPT, include_str!("page/page.js")))
        .route("/views.js", file(JAVASCRIPT, include_str!("page/views.js")))
        .route("/elements.js", file(JAVASCRIPT, include_str!("page/elements.js")))
        .route("/charts.js", file(JAVASCRIPT, include_str!("page/charts.js")))
        .route("/api/purges", get(purges))
        .route("/api/figures", get(figures))
        .route("/api/alarms", get(raised))
        .route("/api/dead-letters", get(dead_letters))
        .route("/api/history", get(listed))
        .route("/api/why", get(explained))
        .with_state(Arc::new(context));
    guarded(routes, port)
}

/// The purges of one tenant, or of all.
#[derive(Debug, Deserialize)]
struct OfTenant {
    tenant: Option<TenantId>,
}

/// The documents of `status` and `queue`.
#[derive(Debug, Serialize)]
struct Purges {
    status: Status,
    queue: Vec<QueueRow>,
    unreadable: Vec<String>,
}

async fn purges(State(context): State<Arc<Context>>, Query(OfTenant { tenant }): Query<OfTenant>) -> Read<Purges> {
    let Context { session, purger, .. } = &*context;
    let snapshot = Snapshot::read(session, purger, tenant.as_ref()).await?;
    let status = Status::of(&snapshot.overview(), &session.environment, snapshot.at);
    Ok(Json(Purges { status, queue: rows(&snapshot), unreadable: snapshot.unreadable }))
}

/// The figures of the last day, and the document of `cost`.
#[derive(Debug, Serialize)]
struct FiguresAndCost {
    figures: Figures,
    cost: Cost,
    unreadable: Vec<String>,
}

/// One scan of the ledger for both.
async fn figures(State(context): State<Arc<Context>>) -> Read<FiguresAndCost> {
    let session = &context.session;
    let queue = session.queue().entries().await?;
    let now = now();
    let month = Month::of(now)?;
    let ledger = session.ledger().purges_since(month.begins_at.min(now.minus(WINDOW))).await?;
    let waiting = queue.rows.into_iter().map(|row| (row.tenant, row.target, row.cause.first_event_at));
    let waiting: Vec<_> = waiting.collect();
    Ok(Json(FiguresAndCost {
        figures: Figures::of(now, &ledger.rows, &waiting),
        cost: Cost::of(&ledger.rows, &month, now),
        unreadable: ledger.unreadable,
    }))
}

async fn raised(State(context): State<Arc<Context>>) -> Read<Vec<Alarm>> {
    Ok(Json(alarms(&context.session).await?))
}

#[derive(Debug, Serialize)]
struct DeadLetters {
    count: u64,
}

async fn dead_letters(State(context): State<Arc<Context>>) -> Read<DeadLetters> {
    Ok(Json(DeadLetters { count: deployment::dead_letters(&context.session).await? }))
}

/// The arguments of `history`.
#[derive(Debug, Deserialize)]
struct Filter {
    tenant: TenantId,
    pack: Option<ImagePackId>,
    since: Option<String>,
    limit: Option<usize>,
}

async fn listed(
    State(context): State<Arc<Context>>,
    Query(Filter { tenant, pack, since, limit }): Query<Filter>,
) -> Read<History> {
    let since = since.as_deref().map(arguments::since).transpose()?;
    let args = history::Args { tenant, pack, limit: limit.unwrap_or(LISTED_MAX), since };
    Ok(Json(history::list(&args, &context.session).await?))
}

/// The arguments of `why`.
#[derive(Debug, Deserialize)]
struct Image {
    tenant: TenantId,
    pack: String,
    location: Option<LocationName>,
}

async fn explained(
    State(context): State<Arc<Context>>,
    Query(Image { tenant, pack, location }): Query<Image>,
) -> Read<Explanation> {
    let args = why::Args {
        url_or_tenant: tenant.to_string(),
        pack: Some(pack),
        location,
        viewer_endpoint: context.viewer_endpoint.clone(),
    };
    Ok(Json(why::explain(args, &context.session).await?))
}
