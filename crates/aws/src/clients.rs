//! The SDK's config of a function, and the clients of DynamoDB and Systems Manager, which repeat what these services
//! reject under load.
//!
//! The pauses are random shares of 50 ms, 100 ms, … up to 2 s: at most 5.15 s in all, so that a request of a viewer (15 s)
//! or of an admin (29 s) still ends within its time limit. The clients of the other services pause as the SDK does by
//! default.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{Builder, HttpClient, RuntimeComponents, SharedHttpClient};
use aws_smithy_http_client::Builder as HttpClientBuilder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use backon::{BackoffBuilder, ExponentialBuilder};

use crate::transactions::ConflictClassifier;

/// The most times that one call is made.
pub const ATTEMPTS_MAX: u32 = 8;
/// The longest first pause. Each next one is up to twice as long.
const FIRST_PAUSE_MAX: Duration = Duration::from_millis(50);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Reads the SDK's config from the function's environment. The clients of all services share one HTTP client, which
/// reads the trusted certificates at the first call: a function that makes none starts without them.
pub async fn sdk_config() -> SdkConfig {
    let client = HttpClientBuilder::new().tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build_https();
    aws_config::from_env().http_client(BuiltAtFirstCall(client)).load().await
}

/// An HTTP client without the check that each client of a service makes when it is built: the SDK's own client reads the
/// trusted certificates for it, and again for its first call.
#[derive(Debug)]
struct BuiltAtFirstCall(SharedHttpClient);

impl HttpClient for BuiltAtFirstCall {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

/// A client of DynamoDB.
#[must_use]
pub fn dynamodb(sdk: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config = Builder::from(sdk).retry_config(retries()).retry_classifier(ConflictClassifier);
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// A client of Systems Manager.
#[must_use]
pub fn ssm(sdk: &SdkConfig) -> aws_sdk_ssm::Client {
    aws_sdk_ssm::Client::from_conf(aws_sdk_ssm::config::Builder::from(sdk).retry_config(retries()).build())
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(ATTEMPTS_MAX)
        .with_initial_backoff(FIRST_PAUSE_MAX)
        .with_max_backoff(PAUSE_MAX)
}

/// The pauses between calls that succeed and leave a part undone, which the SDK does not repeat: as random and, in all,
/// as long as those between failing calls. The crate adds up to the whole pause to each, so each is half as long.
pub(crate) fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_PAUSE_MAX / 2)
        .with_max_delay(PAUSE_MAX / 2)
        .with_max_times(ATTEMPTS_MAX as usize - 1)
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pauses_differ_grow_and_end_after_at_most_five_seconds() {
        let (one, other): (Vec<_>, Vec<_>) = (pauses().collect(), pauses().collect());
        assert_ne!(one, other, "without jitter, all clients would come back at once");
        assert_eq!(one.len(), 7);
        assert!(one[0] < FIRST_PAUSE_MAX && one[6] > one[0], "{one:?}");
        assert!(one.iter().sum::<Duration>() < Duration::from_millis(5_150), "{one:?}");
    }
}
