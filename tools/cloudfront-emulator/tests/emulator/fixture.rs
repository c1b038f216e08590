use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config::retry::RetryConfig;
use aws_sdk_cloudfront::config::{BehaviorVersion, Builder, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::operation::create_invalidation::{CreateInvalidationError, CreateInvalidationOutput};
use aws_sdk_cloudfront::types::{Invalidation, InvalidationBatch, Paths};
use cloudfront_emulator::{
    Clock, Distribution, Distributions, EmulatorConfig, Origin, Propagation, QueryStrings, ResponseHeaders,
    RunningEmulator, VirtualClock,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::figures;
use super::origin::TestOrigin;

pub(crate) const ACME: &str = "acme.image-service.eu-west-1.localhost";
pub(crate) const GLOBEX: &str = "globex.image-service.eu-west-1.localhost";

/// The propagation delay, in seconds.
pub(crate) const PROPAGATION_DELAY_SECS: u64 = 5;

/// An emulator with the distributions `EACME` and `EGLOBEX` in front of an origin.
pub(crate) struct Fixture {
    pub(crate) emulator: RunningEmulator,
    pub(crate) origin: TestOrigin,
    pub(crate) cloudfront: Client,
    clock: VirtualClock,
    http: reqwest::Client,
}

/// The response to a viewer.
#[derive(Debug)]
pub(crate) struct View {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Fixture {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}, |_| {}).await
    }

    /// Starts an emulator with other distributions and another configuration.
    pub(crate) async fn start_with(
        change_distribution: impl Fn(&mut Distribution),
        change_config: impl FnOnce(&mut EmulatorConfig),
    ) -> Self {
        figures::count_behaviour();
        let clock = VirtualClock::at("2026-11-22T10:00:00Z".parse().unwrap());
        let origin = TestOrigin::start_at(clock.clone()).await;
        let mut tenants = [tenant("EACME", ACME, "acme"), tenant("EGLOBEX", GLOBEX, "globex")];
        tenants.iter_mut().for_each(change_distribution);
        let mut config = EmulatorConfig::new(&origin.url, Distributions::fixed(tenants));
        config.clock = Clock::Virtual(clock.clone());
        config.propagation = Propagation::Fixed(Duration::from_secs(PROPAGATION_DELAY_SECS));
        change_config(&mut config);
        let emulator = cloudfront_emulator::start(config).await.unwrap();
        let cloudfront = cloudfront(&emulator.endpoint_url());
        Self { emulator, origin, cloudfront, clock, http: reqwest::Client::new() }
    }

    pub(crate) fn advance(&self, secs: u64) {
        self.advance_by(Duration::from_secs(secs));
    }

    pub(crate) fn advance_by(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    /// The seconds that have passed since the start.
    pub(crate) fn elapsed_secs(&self) -> i64 {
        self.clock.now().as_second() - "2026-11-22T10:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second()
    }

    pub(crate) async fn get(&self, host: &str, path: &str) -> View {
        self.send(Method::GET, host, path).await
    }

    pub(crate) async fn send(&self, method: Method, host: &str, path: &str) -> View {
        View::of(self.request(method, host, path)).await
    }

    /// Requests an object of acme with a header.
    pub(crate) async fn get_with(&self, path: &str, (name, value): (&str, &str)) -> View {
        View::of(self.request(Method::GET, ACME, path).header(name, value)).await
    }

    /// Requests an object of acme at an edge location.
    pub(crate) async fn get_at(&self, edge: usize, path: &str) -> View {
        self.get_with(path, ("x-edge-location", &edge.to_string())).await
    }

    /// Requests a path of acme that an HTTP client would change, and returns `X-Cache` and the body.
    pub(crate) async fn get_raw(&self, path: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.emulator.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {ACME}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let x_cache = head.lines().find_map(|line| line.strip_prefix("x-cache: ")).unwrap();
        (x_cache.trim_end_matches(" from cloudfront").to_owned(), body.to_owned())
    }

    /// An unsent request of a viewer.
    pub(crate) fn request(&self, method: Method, host: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.emulator.endpoint_url()));
        request.header("host", format!("{host}:{}", self.emulator.address.port()))
    }

    pub(crate) async fn create_invalidation(
        &self,
        distribution: &str,
        caller_reference: &str,
        items: &[&str],
    ) -> Result<CreateInvalidationOutput, SdkError<CreateInvalidationError>> {
        let batch = batch(caller_reference, i32::try_from(items.len()).unwrap(), items);
        self.cloudfront.create_invalidation().distribution_id(distribution).invalidation_batch(batch).send().await
    }

    /// Creates an invalidation of acme's distribution.
    pub(crate) async fn create(&self, caller_reference: &str, items: &[&str]) -> Invalidation {
        self.create_invalidation("EACME", caller_reference, items).await.unwrap().invalidation.unwrap()
    }

    /// Reads an invalidation of acme's distribution.
    pub(crate) async fn read(&self, id: &str) -> Invalidation {
        let call = self.cloudfront.get_invalidation().distribution_id("EACME").id(id);
        call.send().await.unwrap().invalidation.unwrap()
    }

    /// Sends an invalidation of acme's distribution that is rejected, and returns the error's code.
    pub(crate) async fn rejection(&self, caller_reference: &str, items: &[&str]) -> String {
        code_of(self.create_invalidation("EACME", caller_reference, items).await)
    }

    /// The invalidations of acme's distribution.
    pub(crate) async fn list(&self) -> Vec<String> {
        let list = self.cloudfront.list_invalidations().distribution_id("EACME").send().await.unwrap();
        list.invalidation_list.unwrap().items.unwrap_or_default().into_iter().map(|summary| summary.id).collect()
    }

    /// Asserts on `X-Cache`, without ` from cloudfront`, and on the origin's response.
    pub(crate) async fn check(&self, host: &str, path: &str, x_cache: &str, body: &str) {
        let view = self.get(host, path).await;
        figures::count_check();
        assert_eq!((view.x_cache(), view.body.as_str()), (x_cache, body), "{host}{path}");
    }

    /// The same at an edge location of acme.
    pub(crate) async fn check_at(&self, edge: usize, path: &str, x_cache: &str, body: &str) {
        let view = self.get_at(edge, path).await;
        figures::count_check();
        let at = format!("{path} at edge location {edge}, {} s after the start", self.elapsed_secs());
        assert_eq!((view.x_cache(), view.body.as_str()), (x_cache, body), "{at}");
    }
}

impl View {
    async fn of(request: reqwest::RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, body: response.text().await.unwrap() }
    }

    /// `Hit`, `RefreshHit`, `Miss` or `Error`.
    pub(crate) fn x_cache(&self) -> &str {
        let x_cache = self.header("x-cache").expect("each response has X-Cache");
        x_cache.strip_suffix(" from cloudfront").unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// The distribution of a tenant, as the stacks deploy it.
pub(crate) fn tenant(id: &str, alias: &str, tenant: &str) -> Distribution {
    let header = (HeaderName::from_static("x-image-tenant"), HeaderValue::from_str(tenant).unwrap());
    let origin = Origin {
        domain_name: format!("{tenant}.lambda-url.eu-west-1.on.aws"),
        custom_headers: vec![header],
        ..Origin::default()
    };
    Distribution {
        query_strings: QueryStrings::Only(vec!["location".to_owned()]),
        cache_tag_header: Some(HeaderName::from_static("image-cache-tag")),
        response_headers: ResponseHeaders { remove: vec![HeaderName::from_static("image-cache-tag")], set: Vec::new() },
        ..Distribution::new(id, alias, origin)
    }
}

/// A client of the CloudFront API without retries.
pub(crate) fn cloudfront(endpoint_url: &str) -> Client {
    let config = Builder::from(&sdk()).endpoint_url(endpoint_url).retry_config(RetryConfig::disabled());
    Client::from_conf(config.build())
}

/// The SDK config of a caller with the credentials `test`/`test`.
pub(crate) fn sdk() -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "a test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

pub(crate) fn batch(caller_reference: &str, quantity: i32, items: &[&str]) -> InvalidationBatch {
    let items = items.iter().map(|&item| item.to_owned()).collect();
    let paths = Paths::builder().quantity(quantity).set_items(Some(items)).build().unwrap();
    InvalidationBatch::builder().caller_reference(caller_reference).paths(paths).build().unwrap()
}

/// The error code that a caller of the API sees.
pub(crate) fn code_of<T, E: ProvideErrorMetadata>(result: Result<T, SdkError<E>>) -> String {
    let error = result.err().expect("the call is rejected");
    error.code().unwrap_or_default().to_owned()
}
