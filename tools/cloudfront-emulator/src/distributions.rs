use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_sdk_cloudfront::Client;
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::deployed::{self, SourceError};
use crate::distribution::Distribution;

/// Maximum age of the distributions that were read. A deployed change takes effect after this time at the latest.
const MAX_AGE: Duration = Duration::from_secs(30);

/// Minimum time between two reads, for requests with an unknown host or id.
const MIN_AGE: Duration = Duration::from_secs(1);

/// The distributions that the emulator serves.
#[derive(Debug)]
pub struct Distributions {
    /// `None` for a fixed set.
    client: Option<Client>,
    snapshot: Mutex<Snapshot>,
}

/// The distributions at the last read.
#[derive(Debug, Default)]
struct Snapshot {
    distributions: Vec<Arc<Distribution>>,
    read_at: Option<Timestamp>,
}

impl Distributions {
    /// A fixed set of distributions.
    #[must_use]
    pub fn fixed(distributions: impl IntoIterator<Item = Distribution>) -> Self {
        let distributions = distributions.into_iter().map(Arc::new).collect();
        Self { client: None, snapshot: Mutex::new(Snapshot { distributions, read_at: None }) }
    }

    /// The distributions that the CloudFront API at `control_plane` returns (for example `http://127.0.0.1:4566`).
    ///
    /// They are read again after 30 seconds, and, once a second at most, when a request names an unknown host or id.
    /// Region and credentials come from `sdk`; its endpoint configuration is ignored.
    #[must_use]
    pub fn deployed(sdk: &SdkConfig, control_plane: &str) -> Self {
        let config = aws_sdk_cloudfront::config::Builder::from(sdk)
            .endpoint_url(control_plane)
            .retry_config(RetryConfig::disabled())
            .build();
        Self { client: Some(Client::from_conf(config)), snapshot: Mutex::default() }
    }

    /// The first distribution that `is_match` selects.
    pub(crate) async fn find(
        &self,
        now: Timestamp,
        is_match: impl Fn(&Distribution) -> bool,
    ) -> Result<Option<Arc<Distribution>>, SourceError> {
        let find = |all: &[Arc<Distribution>]| all.iter().find(|distribution| is_match(distribution)).cloned();
        let mut snapshot = self.snapshot.lock().await;
        let found = find(&snapshot.distributions);
        let Some(client) = self.client.as_ref().filter(|_| snapshot.is_due(now, found.is_some())) else {
            return Ok(found);
        };
        match deployed::read(client).await {
            Ok(distributions) => {
                snapshot.read_at = Some(now);
                snapshot.distributions = distributions.into_iter().map(Arc::new).collect();
                Ok(find(&snapshot.distributions))
            }
            Err(error) if found.is_some() => {
                snapshot.read_at = Some(now);
                tracing::warn!(%error, "reading the distributions failed; serving those of the last read");
                Ok(found)
            }
            Err(error) => Err(error),
        }
    }
}

impl Snapshot {
    fn is_due(&self, now: Timestamp, is_found: bool) -> bool {
        let max_age = if is_found { MAX_AGE } else { MIN_AGE };
        self.read_at.is_none_or(|read_at| now.duration_since(read_at).unsigned_abs() >= max_age)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_is_looked_up_once_a_second_and_a_known_one_twice_a_minute() {
        for (age_secs, is_found, expected) in [
            (None, false, true),
            (Some(0), false, false),
            (Some(1), false, true),
            (Some(1), true, false),
            (Some(29), true, false),
            (Some(30), true, true),
        ] {
            let now = Timestamp::from_second(1_000).unwrap();
            let read_at = age_secs.map(|secs| Timestamp::from_second(1_000 - secs).unwrap());
            let snapshot = Snapshot { distributions: Vec::new(), read_at };
            assert_eq!(snapshot.is_due(now, is_found), expected, "{age_secs:?} {is_found}");
        }
    }
}
