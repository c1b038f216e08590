//! AWS in the test's own process, reached over HTTP by the real SDK.
//!
//! [`LocalDynamoDb`] is dynoxide (`SQLite` in memory), [`LocalS3`] is s3s-fs (files in a temporary directory). Of SQS,
//! Systems Manager and `EventBridge` the product makes eight calls: [`LocalSqs`], [`LocalSsm`] and [`LocalEventBridge`] are
//! small servers of exactly these, so that no test of a crate starts the local deployment's AWS, a program of its own that takes seconds to start. Each
//! `start` makes a fresh, empty service on a free port of 127.0.0.1, with the tables, buckets and the queue of the
//! stacks; it lives as long as the tokio runtime that started it. Start-up takes milliseconds, so every test has its
//! own.
//!
//! An [`Environment`] is what one test works in: these services, a CloudFront emulator, and the protocol over the
//! product's adapters. Tests run side by side, since each has its own.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "for tests: a service that cannot start or does not respond ends the test that requested it"
)]

mod dynamodb;
mod environment;
mod event_bridge;
mod invocations;
pub mod json_api;
mod observation;
mod preparation;
mod s3;
mod sqs;
mod ssm;
mod test_clock;

use std::sync::atomic::{AtomicU32, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use load_proxy::LoadFaults;

pub use dynamodb::LocalDynamoDb;
pub use environment::{
    CACHED_MAX, Enqueuer, Environment, LEASE, NOW, PurgeRun, SETTLE, context, distribution_id, nowhere, run_at, run_for,
};
pub use event_bridge::{EVENT_BUS, LocalEventBridge};
pub use invocations::Invocations;
pub use observation::Invalidation;
pub use s3::LocalS3;
pub use sqs::LocalSqs;
pub use ssm::LocalSsm;
pub use test_clock::TestClock;

/// The access key id and the secret of every client. S3 checks signatures by it.
const ACCESS_KEY: &str = "test";

/// The SDK's config for a service at `endpoint_url`.
#[must_use]
pub fn sdk_config(endpoint_url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            ACCESS_KEY, ACCESS_KEY, None, None, "support",
        )))
        .endpoint_url(endpoint_url)
        .build()
}

/// The SDK's config for a service at `endpoint_url`, in a region of its own. The clients of one service and region share
/// a quota of retries in the whole process: without it, a test with many throttled calls would leave none to the others.
fn in_own_region(endpoint_url: &str) -> SdkConfig {
    static REGIONS: AtomicU32 = AtomicU32::new(1);
    let region = format!("local-{}", REGIONS.fetch_add(1, Ordering::Relaxed));
    sdk_config(endpoint_url).into_builder().region(Region::new(region)).build()
}

/// Starts a proxy in front of the service at `endpoint_url`. Returns its URL and its faults.
async fn under_load(endpoint_url: String) -> (String, LoadFaults) {
    let (listener, proxy_url) = listen().await;
    // No system settings, and no certificates to read: the service is in this process.
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().expect("an HTTP client");
    (proxy_url, load_proxy::serve(listener, endpoint_url, client))
}

/// Binds a free port of 127.0.0.1. Returns the listener and its URL.
async fn listen() -> (tokio::net::TcpListener, String) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port on 127.0.0.1");
    let address = listener.local_addr().expect("the address of a bound listener");
    (listener, format!("http://{address}"))
}
