//! The AWS clients that the editor and the observer use.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};

use crate::ministack::REGION;

/// One client for each service, all of them on loopback.
#[derive(Debug, Clone)]
pub struct Clients {
    /// At the emulator, where invalidations are.
    pub cloudfront: aws_sdk_cloudfront::Client,
    /// What the functions log.
    pub logs: aws_sdk_cloudwatchlogs::Client,
    /// Packs, queue and ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The functions' roles.
    pub iam: aws_sdk_iam::Client,
    /// Hosted zones.
    pub route53: aws_sdk_route53::Client,
    /// Originals and variants.
    pub s3: aws_sdk_s3::Client,
    /// The dead-letter queue.
    pub sqs: aws_sdk_sqs::Client,
    /// Takes roles.
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    /// Clients of the local AWS at `endpoint` and of the emulator at `cloudfront_endpoint`, who reach both through
    /// `http`.
    #[must_use]
    pub fn new(http: &SharedHttpClient, endpoint: &str, cloudfront_endpoint: &str) -> Self {
        let aws = sdk_config(http, endpoint);
        Self {
            cloudfront: aws_sdk_cloudfront::Client::new(&sdk_config(http, cloudfront_endpoint)),
            logs: aws_sdk_cloudwatchlogs::Client::new(&aws),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws),
            iam: aws_sdk_iam::Client::new(&aws),
            route53: aws_sdk_route53::Client::new(&aws),
            s3: aws_sdk_s3::Client::new(&aws),
            sqs: aws_sdk_sqs::Client::new(&aws),
            sts: aws_sdk_sts::Client::new(&aws),
        }
    }
}

/// SDK config that takes nothing from the user's profiles or environment: a run must not reach a real account.
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
