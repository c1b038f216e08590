//! Viewers: they send requests to an edge, which responds with what it keeps or forwards them to image-processing.

use std::collections::HashMap;
use std::time::Duration;

use contract::TenantSource;
use delivery::{Handler, TENANT_HEADER};
use domain::image::image_url::IMAGE_PATH_PREFIX;
use domain::{ImagePackId, LocationName, Target, TenantId};
use lambda_http::http::header::{CACHE_CONTROL, HeaderName};
use lambda_http::{Body, Request, RequestExt, Response};

use crate::checker::Floor;
use crate::fault::Fault;
use crate::lambda::{Died, invoke};
use crate::mutation::Mutation;
use crate::schedule::Simulation;
use crate::services::cloudfront::{ImageResponse, Kept};
use crate::setup::{ANSWER_MAX, EDGE_FETCH_MAX, IMAGE_PROCESSING};
use crate::world::World;

const CACHE_TAG_HEADER: HeaderName = HeaderName::from_static("image-cache-tag");

/// The longest time that an edge may keep an image: longer than any episode.
const CACHED_MAX: Duration = Duration::from_hours(24);

/// The suffixes that viewers' URLs have.
pub(crate) const SUFFIXES: [Option<&str>; 2] = [None, Some("x")];

/// The URL that a viewer requests.
#[derive(Debug, Clone)]
pub(crate) struct Url {
    pub(crate) tenant: TenantId,
    pub(crate) pack: ImagePackId,
    pub(crate) suffix: Option<&'static str>,
    pub(crate) location: Option<LocationName>,
}

impl Url {
    /// One of the URLs that show `target`.
    pub(crate) fn of(world: &mut World, tenant: &TenantId, target: &Target) -> Self {
        let url = Self::drawn(world);
        match target {
            Target::Pack(pack) => Self { tenant: tenant.clone(), pack: pack.clone(), ..url },
            Target::Location(name) => Self { tenant: tenant.clone(), location: Some(name.clone()), ..url },
            Target::Tenant => Self { tenant: tenant.clone(), ..url },
        }
    }

    fn drawn(world: &mut World) -> Self {
        let World { chance, setup, .. } = world;
        let location = (!chance.happens(300)).then(|| chance.one_of(&setup.locations).clone());
        Self {
            tenant: chance.one_of(&setup.tenants).id.clone(),
            pack: chance.one_of(&setup.packs).clone(),
            suffix: *chance.one_of(&SUFFIXES),
            location,
        }
    }

    fn path(&self) -> String {
        let suffix = self.suffix.map(|suffix| format!("-{suffix}")).unwrap_or_default();
        format!("{IMAGE_PATH_PREFIX}{}{suffix}", self.pack)
    }

    /// The key under which an edge keeps the response.
    fn key(&self) -> String {
        let location = self.location.as_ref().map(|location| format!("?location={location}")).unwrap_or_default();
        format!("{}{location}", self.path())
    }

    /// As the tenant's distribution sends it to image-processing.
    fn request(&self) -> Request {
        let request =
            lambda_http::http::Request::builder().uri(self.path()).header(TENANT_HEADER, self.tenant.as_str());
        let location = self.location.iter().map(ToString::to_string).collect::<Vec<_>>();
        let query = HashMap::from([("location".to_owned(), location)]);
        let request = request.body(Body::Empty).expect("a URL of identifiers is one");
        request.with_raw_http_path(self.path()).with_query_string_parameters(query)
    }
}

/// Sends viewers' requests, one after another, each as a task of its own, until the simulation ends.
pub(crate) async fn watch(simulation: Simulation) {
    loop {
        let (pause_ms, edge, url) = {
            let mut world = simulation.world();
            let is_storm = world.elapsed_ms() < world.setup.storm_ms;
            let pause_ms = world.chance.within(if is_storm { 50..=4_000 } else { 1_000..=12_000 });
            (pause_ms, *world.chance.one_of(&[0, 1]), Url::drawn(&mut world))
        };
        simulation.sleep_ms(pause_ms).await;
        let viewer = simulation.clone();
        simulation.begin(async move { look(&viewer, edge, &url).await });
    }
}

/// The number of requests that are under way when an edit is watched.
const REQUESTS_AT_AN_EDIT: usize = 6;

/// The longest time from such a request to the edit, in milliseconds.
const BEFORE_AN_EDIT_MAX_MS: u64 = 40;

/// Lets an edge drop its objects and viewers request images there, just before an edit: their responses rest on reads from
/// before it.
pub(crate) async fn watch_an_edit(simulation: &Simulation) {
    let pause_ms = {
        let mut world = simulation.world();
        let edge = *world.chance.one_of(&[0, 1]);
        for state in world.cloudfront.distributions.values_mut() {
            state.edges[edge].clear();
        }
        for _ in 0..REQUESTS_AT_AN_EDIT {
            let url = Url::drawn(&mut world);
            let viewer = simulation.clone();
            world.event_queue.begin(Box::pin(async move { look(&viewer, edge, &url).await }));
        }
        world.chance.within(1..=BEFORE_AN_EDIT_MAX_MS)
    };
    simulation.sleep_ms(pause_ms).await;
}

/// Requests one image from one edge, and looks whether what comes may still be seen now.
pub(crate) async fn look(simulation: &Simulation, edge: usize, url: &Url) {
    let floor = simulation.world().checker.floor();
    view(simulation, edge, url, &floor).await;
}

/// Requests one image from one edge, and looks whether `floor` allows what comes.
pub(crate) async fn view(simulation: &Simulation, edge: usize, url: &Url, floor: &Floor) -> u16 {
    let Some(distribution) = simulation.world().registry.distribution(&url.tenant).cloned() else { return 404 };
    let at = Edge { distribution_id: distribution.distribution_id, number: edge };
    let kept = at.kept(&mut simulation.world(), url, |kept, now_ms| kept.until_ms > now_ms);
    let (response, source) = match kept {
        Some(kept) => (kept.response, "keeps"),
        None => fetched(simulation, &at, url).await,
    };
    let mut world = simulation.world();
    let violations = world.checker.violations.len();
    world.checker.look_at(&url.tenant, &url.pack, url.location.as_ref(), &response, floor);
    let ImageResponse { status, fingerprint, .. } = &response;
    let status = *status;
    world.trace(|| format!("edge {edge} of {} {source} {}: {status} {fingerprint:?}", url.tenant, url.key()));
    if world.checker.violations.len() > violations {
        world.trace(|| "!! violation".to_owned());
    }
    status
}

/// An edge of a distribution.
struct Edge {
    distribution_id: String,
    number: usize,
}

impl Edge {
    /// The object of `url`, if it is `usable` now.
    fn kept(&self, world: &mut World, url: &Url, usable: impl Fn(&Kept, u64) -> bool) -> Option<Kept> {
        let state = world.cloudfront.distributions.get(&self.distribution_id)?;
        state.edges[self.number].get(&url.key()).filter(|kept| usable(kept, world.now_ms)).cloned()
    }

    fn keep(&self, world: &mut World, url: &Url, response: &Response<Body>) -> ImageResponse {
        let header = |name: &HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
        let control = header(&CACHE_CONTROL).unwrap_or_default();
        let directive = |name: &str| {
            let value = control.split(',').find_map(|directive| directive.trim().strip_prefix(name));
            value.and_then(|value| value.parse::<u64>().ok())
        };
        let seconds = directive("s-maxage=");
        let ignores_errors = world.mutation != Some(Mutation::StaleIfErrorIgnored);
        let is_for_errors = !(ignores_errors && directive("stale-if-error=") == Some(0));
        let tags = header(&CACHE_TAG_HEADER).unwrap_or_default().to_owned();
        let fingerprint = header(&HeaderName::from_static("image-fingerprint")).map(ToOwned::to_owned);
        let seen = ImageResponse { status: response.status().as_u16(), fingerprint, body: response.body().to_vec() };
        if let Some(seconds) = seconds
            && let Some(state) = world.cloudfront.distributions.get_mut(&self.distribution_id)
        {
            let kept = Kept::of(seen.clone(), &tags, world.now_ms, seconds, is_for_errors);
            state.edges[self.number].insert(url.key(), kept);
        }
        seen
    }
}

/// Forwards the request to image-processing, and keeps the response if it may. An invalidation that reaches the edge
/// meanwhile does not concern a response that is still on its way. If the origin fails, an expired object is the
/// response, unless its `Cache-Control` forbids it.
async fn fetched(simulation: &Simulation, at: &Edge, url: &Url) -> (ImageResponse, &'static str) {
    let request = url.request();
    let response = invoke(simulation, IMAGE_PROCESSING, |instance| async move {
        let context = instance.context();
        let mutation = instance.simulation.world().mutation;
        let answer_max =
            if mutation == Some(Mutation::AnswerMaxNotEnforced) { Duration::from_hours(1) } else { ANSWER_MAX };
        let handler = Handler {
            ports: instance,
            tenant_source: TenantSource::Header,
            cache_tag_header: CACHE_TAG_HEADER,
            cached_max: CACHED_MAX,
            answer_max,
        };
        handler.handle(&request, &context).await
    });
    let response = response.await;
    let on_its_way_ms = {
        let mut world = simulation.world();
        let edge_fetch_max_ms = u64::try_from(EDGE_FETCH_MAX.as_millis()).unwrap_or(u64::MAX);
        let is_slow = world.chance.fault(Fault::SlowWayToEdge, 3);
        if is_slow { world.chance.within(0..=edge_fetch_max_ms - 1) } else { world.chance.latency_ms() }
    };
    simulation.sleep_ms(on_its_way_ms).await;
    let mut world = simulation.world();
    if response.as_ref().map_or(true, |response| response.status().is_server_error())
        && at.kept(&mut world, url, |_, _| true).is_some()
    {
        world.chance.count(Fault::OriginFailed);
        if let Some(kept) = at.kept(&mut world, url, |kept, _| kept.is_for_errors) {
            return (kept.response, "keeps expired");
        }
    }
    match response {
        Ok(response) => (at.keep(&mut world, url, &response), "fetched"),
        Err(Died) => (ImageResponse { status: 502, fingerprint: None, body: Vec::new() }, "fetched"),
    }
}
