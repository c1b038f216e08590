//! The AWS clients of the local deployment.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};

use crate::ministack::REGION;

/// One client for each service, with the rights of the account's root.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Invalidations, at the emulator.
    pub cloudfront: aws_sdk_cloudfront::Client,
    /// Packs, queue and ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// Originals and variants.
    pub s3: aws_sdk_s3::Client,
    /// The dead-letter queue.
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// Clients of the local AWS at `endpoint` and of the emulator at `cloudfront_endpoint`.
    #[must_use]
    pub fn new(http: &SharedHttpClient, endpoint: &str, cloudfront_endpoint: &str) -> Self {
        let aws = sdk_config(http, endpoint);
        Self {
            cloudfront: aws_sdk_cloudfront::Client::new(&sdk_config(http, cloudfront_endpoint)),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws),
            s3: aws_sdk_s3::Client::new(&aws),
            sqs: aws_sdk_sqs::Client::new(&aws),
        }
    }
}

/// SDK config that reads neither profiles nor environment variables: a run must not reach a real account.
#[must_use]
pub fn sdk_config(http: &SharedHttpClient, endpoint: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static(REGION))
        .endpoint_url(endpoint)
        .http_client(http.clone())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "local")))
        .build()
}
