//! The control plane: the invalidation calls of CloudFront's REST-XML API, version 2020-05-31.

mod calls;
mod layers;
mod xml;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{any, get, post};
use axum::{Extension, Router};

use self::calls::Kind;
use crate::account::Operation;
use crate::api_error::{ApiError, Code};
use crate::emulator::Emulator;
use crate::origin;

/// The version in the path of each call, and in the XML namespace.
const API_VERSION: &str = "2020-05-31";

/// Maximum size of a body: the largest batch, 3,000 paths of 4,000 characters, with its XML.
const MAX_BODY_BYTES: usize = 16 * 1024 * 1024;

/// The emulator, as an extractor.
type Shared = State<Arc<Emulator>>;

/// Routes the paths below the API version.
pub(crate) fn router(emulator: &Arc<Emulator>) -> Router<Arc<Emulator>> {
    let faulty = from_fn_with_state(Arc::clone(emulator), layers::inject_faults);
    let throttled = |operation| from_fn_with_state((Arc::clone(emulator), operation), layers::throttle);
    let create = post(calls::create_invalidation).layer(faulty.clone());
    let create = create.layer(throttled(Operation::CreateInvalidation));
    let read = get(calls::get_invalidation).layer(faulty).layer(throttled(Operation::GetInvalidation));
    let list = get(calls::list_invalidations).layer(throttled(Operation::ListInvalidations));
    let mut router = Router::new();
    for kind in [Kind::Distribution, Kind::DistributionTenant] {
        let invalidations = format!("/{API_VERSION}/{}/{{distribution}}/invalidation", kind.as_str());
        let of_all = create.clone().merge(list.clone()).fallback(other).layer(Extension(kind));
        let of_one = read.clone().fallback(other).layer(Extension(kind));
        router = router.route(&invalidations, of_all).route(&format!("{invalidations}/{{invalidation}}"), of_one);
    }
    router
        .route(&format!("/{API_VERSION}/{{*call}}"), any(other))
        .layer(from_fn_with_state(Arc::clone(emulator), layers::authorize))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// A call that the emulator does not support itself. The local AWS that authorizes the calls answers it, because it has the
/// distributions; another origin gateway cannot.
async fn other(State(emulator): Shared, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    if !emulator.config.authorize_callers {
        return Err(Code::NotImplemented.error(format!(
            "the emulator supports CreateInvalidation, GetInvalidation and ListInvalidations, also ForDistributionTenant, \
             but not {} {}; send other calls to the local AWS",
            parts.method,
            parts.uri.path()
        )));
    }
    let relayed = origin::relay(&emulator, &parts, layers::whole(body).await?).await;
    let relayed = relayed
        .map_err(|_| Code::ServiceUnavailable.error("the local AWS did not respond; check that it is running"))?;
    Ok(relayed.map(Body::from))
}
