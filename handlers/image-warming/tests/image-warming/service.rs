//! Fixture: a handler with a DynamoDB of its own, and a CloudFront that notes the requests that it gets.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use aws_adapters::demand_table::{DemandCounter, DemandTable};
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::metrics_log::MetricsLog;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use contract::Metric;
use domain::access::allowance::AllowanceLimit;
use domain::{AttributeNames, Target, TenantId, Timestamp};
use image_warming::{Handler, Viewer};
use serde_json::Value;
use support::{LocalDynamoDb, NOW, TestClock};

/// At most two locations of a pack, and a budget of five requests, which takes a minute to return.
const LOCATIONS_MAX: usize = 2;
const BUDGET: AllowanceLimit =
    AllowanceLimit { per_minute: NonZeroU32::new(5).unwrap(), burst: NonZeroU32::new(5).unwrap() };

pub(crate) struct Service {
    pub(crate) handler: Handler<TestClock>,
    dynamodb: aws_sdk_dynamodb::Client,
    cloudfront: Arc<Mutex<CloudFront>>,
}

/// The requests that CloudFront got, and a part of the URLs that it answers with an error.
#[derive(Default)]
struct CloudFront {
    requests: Vec<String>,
    failing: Option<String>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let dynamodb = LocalDynamoDb::start().await.client();
        let cloudfront = Arc::<Mutex<CloudFront>>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(respond).with_state(cloudfront.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let handler = Handler {
            packs: ImagePackTable::new(
                dynamodb.clone(),
                LocalDynamoDb::IMAGE_PACK_TABLE.to_owned(),
                AttributeNames::default(),
            ),
            demand: DemandTable::new(dynamodb.clone(), LocalDynamoDb::DEMAND_TABLE.to_owned()),
            viewer: Viewer::new("images.example.com".to_owned(), Some(endpoint)).unwrap(),
            locations_max: LOCATIONS_MAX,
            budget: BUDGET,
            clock: TestClock::at(NOW),
            metrics: MetricsLog::in_memory(),
        };
        Self { handler, dynamodb, cloudfront }
    }

    /// A counter of image-processing.
    pub(crate) fn counter(&self) -> DemandCounter {
        DemandCounter::new(self.handler.demand.clone())
    }

    /// Writes a pack of `acme`.
    pub(crate) async fn write_pack(&self, pack: &str, attributes: Value) {
        self.write("acme", &Target::parse(&format!("pack#{pack}")).unwrap(), attributes).await;
    }

    /// Writes an item of the image-pack table.
    pub(crate) async fn write(&self, tenant: &str, target: &Target, attributes: Value) {
        let mut item: std::collections::HashMap<_, _> = serde_dynamo::to_item(attributes).unwrap();
        item.insert("tenant".to_owned(), serde_dynamo::to_attribute_value(tenant).unwrap());
        item.insert("entity".to_owned(), serde_dynamo::to_attribute_value(target.to_string()).unwrap());
        let put = self.dynamodb.put_item().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).set_item(Some(item));
        put.send().await.unwrap();
    }

    /// Adds requests for locations in the hour of `at`.
    pub(crate) async fn demand(&self, tenant: &str, counts: &[(&str, u64)], at: Timestamp) {
        let counts = counts.iter().map(|(location, count)| (location.parse().unwrap(), *count)).collect();
        self.handler.demand.add(&TenantId::parse(tenant).unwrap(), &counts, at).await.unwrap();
    }

    /// Fails the requests whose URL contains `part`.
    pub(crate) fn fail(&self, part: &str) {
        self.cloudfront.lock().unwrap().failing = Some(part.to_owned());
    }

    /// The host and the path of each request that CloudFront got.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.cloudfront.lock().unwrap().requests.clone()
    }

    /// The numbers of images that were warmed, and that were skipped, of each event.
    pub(crate) fn warmed(&self) -> (Vec<u64>, Vec<u64>) {
        let values = |metric| self.handler.metrics.values(metric);
        (values(Metric::ImagesWarmed), values(Metric::WarmingSkipped))
    }
}

async fn respond(State(cloudfront): State<Arc<Mutex<CloudFront>>>, request: Request) -> (StatusCode, Vec<u8>) {
    let host = request.headers()["host"].to_str().unwrap().to_owned();
    let mut cloudfront = cloudfront.lock().unwrap();
    cloudfront.requests.push(format!("{host} {}", request.uri()));
    let is_failing = cloudfront.failing.as_ref().is_some_and(|part| request.uri().to_string().contains(part));
    (if is_failing { StatusCode::BAD_GATEWAY } else { StatusCode::OK }, vec![0; 100_000])
}
