use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::config::retry::RetryConfig;
use aws_sdk_cloudfront::config::{BehaviorVersion, Builder, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_cloudfront::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_cloudfront::operation::create_invalidation::{CreateInvalidationError, CreateInvalidationOutput};
use aws_sdk_cloudfront::types::{Invalidation, InvalidationBatch, Paths};
use cloudfront_emulator::{Distribution, Distributions, EmulatorConfig, Origin, QueryStrings, Quotas, RunningEmulator};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;

use super::origin::TestOrigin;

pub(crate) const ACME: &str = "acme.image-service.eu-west-1.localhost";
pub(crate) const GLOBEX: &str = "globex.image-service.eu-west-1.localhost";

/// The propagation delay, in seconds.
pub(crate) const PROPAGATION_DELAY_SECS: i64 = 5;

/// An emulator with the distributions `EACME` and `EGLOBEX` in front of an origin.
pub(crate) struct Fixture {
    pub(crate) emulator: RunningEmulator,
    pub(crate) origin: TestOrigin,
    pub(crate) cloudfront: Client,
    now: Arc<Mutex<Timestamp>>,
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
        Self::start_with(Quotas::default(), |_| {}).await
    }

    pub(crate) async fn start_with(quotas: Quotas, change: fn(&mut Distribution)) -> Self {
        let origin = TestOrigin::start().await;
        let mut tenants = [tenant("EACME", ACME, "acme"), tenant("EGLOBEX", GLOBEX, "globex")];
        tenants.iter_mut().for_each(change);
        let mut config = EmulatorConfig::new(&origin.url, Distributions::fixed(tenants));
        let now = Arc::new(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap()));
        let shown = Arc::clone(&now);
        config.clock = Arc::new(move || *shown.lock().unwrap());
        config.propagation_delay = Duration::from_secs(PROPAGATION_DELAY_SECS.unsigned_abs());
        config.quotas = quotas;
        let emulator = cloudfront_emulator::start(config).await.unwrap();
        let cloudfront = cloudfront(&emulator.endpoint_url());
        Self { emulator, origin, cloudfront, now, http: reqwest::Client::new() }
    }

    pub(crate) fn advance(&self, secs: i64) {
        let mut now = self.now.lock().unwrap();
        *now += jiff::SignedDuration::from_secs(secs);
    }

    pub(crate) async fn get(&self, host: &str, path: &str) -> View {
        self.send(Method::GET, host, path).await
    }

    pub(crate) async fn send(&self, method: Method, host: &str, path: &str) -> View {
        let response = self.request(method, host, path).send().await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        View { status, headers, body: response.text().await.unwrap() }
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
        assert_eq!((view.x_cache(), view.body.as_str()), (x_cache, body), "{host}{path}");
    }
}

impl View {
    /// `Hit`, `Miss` or `Error`.
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
