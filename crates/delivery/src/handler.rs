//! Handles one request: responds with the stored variant, or renders it, by data that is current when the response
//! leaves.

use std::time::Duration;

use contract::TenantSource;
use domain::{Context, Measurements, Target, Timestamp};
use lambda_http::http::header::HeaderName;
use lambda_http::{Body, Request, Response};
use purging::ports::Clock;
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use crate::api_error::ApiError;
use crate::coalescing::Attempt;
use crate::ports::{Ports, RenderLocks, Variants};
use crate::request::ImageRequest;
use crate::response::{self, Caching, Served};
use crate::variant_spec::VariantSpec;

/// The first pause of a request that waits for another to render its variant. Each pause is twice as long as the one
/// before.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The longest pause of a waiting request.
const PAUSE_MAX: Duration = Duration::from_millis(400);

/// The number of times that one request begins again because the image changed meanwhile. An editor writes every few
/// seconds and a rendering takes less than one, so the first time is nearly always the last.
const CHANGES_MAX: usize = 3;

/// The handler of image-processing.
#[derive(Debug, Clone)]
pub struct Handler<P> {
    /// The AWS services that it uses.
    pub ports: P,
    /// The place at which a request names its tenant.
    pub tenant_source: TenantSource,
    /// The response header from which CloudFront reads cache tags.
    pub cache_tag_header: HeaderName,
    /// The longest time that an edge may keep an image.
    pub cached_max: Duration,
    /// The longest time between the consistent read that a cacheable response rests on and the response.
    pub answer_max: Duration,
}

impl<P: Ports> Handler<P> {
    /// Responds to one request with an image or with an error in JSON.
    ///
    /// The response to a HEAD has the body of the response to a GET: the function URL computes `Content-Length` from the
    /// body and sends the headers alone. It would rename a `Content-Length` that a function sets.
    pub async fn handle(&self, request: &Request, context: &Context) -> Response<Body> {
        match ImageRequest::parse(request, self.tenant_source) {
            Ok(request) => {
                let (request_id, tenant) = (&context.id, &request.tenant);
                // At ERROR, so that no log level hides the fields.
                let span = tracing::error_span!("image", request_id, %tenant, target = Empty, location = Empty);
                self.respond(&request, context.now).instrument(span).await
            }
            // The request alone decides this response, so it cannot be outdated.
            Err(error) => response::error(&error, &self.cache_tag_header, None, Caching::Briefly),
        }
    }

    async fn respond(&self, request: &ImageRequest, now: Timestamp) -> Response<Body> {
        let mut rests_on = None;
        let result = self.image(request, &mut rests_on).await;
        let caching = match &result {
            _ if !self.is_recent(rests_on) => Caching::Never,
            Ok(_) if !request.has_date => Caching::UntilPurged,
            _ => Caching::Briefly,
        };
        match result {
            Ok(served) => {
                if request.is_plain(&served.spec.pack) {
                    self.ports.count_request(&request.tenant, request.location.as_ref(), now);
                }
                response::image(served, &self.cache_tag_header, caching, self.cached_max)
            }
            Err(error) => {
                if error.status().is_server_error() {
                    tracing::error!(?error, "image not delivered");
                } else {
                    tracing::info!(?error, "no image to deliver");
                }
                response::error(&error, &self.cache_tag_header, Some(&request.cache_tags()), caching)
            }
        }
    }

    /// The requested image. `rests_on` becomes the monotonic time of the read that the result, also an error, rests on;
    /// `None` if the image has changed since.
    ///
    /// After a rendering, or after `answer_max`, the request reads the data again. If the image has changed, it begins
    /// again.
    async fn image(&self, request: &ImageRequest, rests_on: &mut Option<Duration>) -> Result<Served, ApiError> {
        let clock = self.ports.clock();
        // The first half of the time limit is for waiting; the second half suffices to render the variant.
        let wait_until = clock.monotonic() + self.ports.render_locks().duration() / 2;
        let (mut pause, mut changes, mut has_waited) = (PAUSE_MIN, 0, false);
        let mut read = self.read_spec(request, None, rests_on).await;
        record(request, read.as_ref().ok());
        loop {
            let spec = read?;
            let (variant, is_rendered) = match self.attempt(&spec, clock.monotonic() < wait_until).await {
                Ok(Attempt::Locked) => {
                    if !std::mem::replace(&mut has_waited, true) {
                        self.ports.record(&Measurements::request_coalesced(&request.tenant));
                    }
                    clock.sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                    read = self.read_spec(request, Some(&spec.location), rests_on).await;
                    continue;
                }
                Ok(Attempt::Rendered(variant)) => (Ok(variant), true),
                Ok(Attempt::Stored(variant)) => (Ok(variant), false),
                Err(error) => (Err(error), false),
            };
            if is_rendered || !self.is_recent(*rests_on) {
                read = self.read_spec(request, Some(&spec.location), rests_on).await;
                if !read.as_ref().is_ok_and(|now| now.key() == spec.key()) {
                    tracing::info!(key = spec.key(), changes, "image changed during the request");
                    if is_rendered {
                        self.remove(&spec).await;
                    }
                    changes += 1;
                    if changes <= CHANGES_MAX {
                        continue;
                    }
                    *rests_on = None;
                    // The image of the last attempt may be a moment old; one that was removed meanwhile is not shown.
                    read?;
                }
            }
            return Ok(Served { variant: variant?, spec });
        }
    }

    /// Whether a response may be cached that rests on a read at the monotonic time `rests_on`.
    fn is_recent(&self, rests_on: Option<Duration>) -> bool {
        rests_on.is_some_and(|read_at| self.ports.clock().monotonic() <= read_at + self.answer_max)
    }

    /// Deletes the variant that this request has rendered from data that is no longer current. No request asks for it, but
    /// the deletion after the change may have looked for it before it was stored. A failure is logged: the variant expires.
    async fn remove(&self, spec: &VariantSpec) {
        if let Err(error) = self.ports.variants().remove(&spec.key()).await {
            tracing::warn!(%error, "outdated variant not deleted: it expires by the bucket's lifecycle rule");
        }
    }
}

/// Adds the image's pack and location to the span. A request that means no image has the longest pack id that its URL can
/// mean.
fn record(request: &ImageRequest, spec: Option<&VariantSpec>) {
    let span = Span::current();
    let pack = spec.map(|spec| &spec.pack).or(request.readings.first().map(|reading| &reading.pack));
    if let Some(pack) = pack {
        span.record("target", display(Target::Pack(pack.clone())));
    }
    if let Some(location) = spec.map(|spec| &spec.location).or(request.location.as_ref()) {
        span.record("location", display(location));
    }
}
