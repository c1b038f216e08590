use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_cloudfront::config::Credentials;
use jiff::Timestamp;

use crate::distributions::Distributions;

/// The source of the time. Freshness, `Age` and propagation depend on it alone, so a test advances the clock instead of
/// sleeping.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The quotas of items in progress in one distribution. The defaults are those of the CloudFront Developer Guide,
/// "Concurrent invalidation request maximum".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Paths and cache tags in progress, wildcards excluded.
    pub items_in_progress: usize,
    /// Paths in progress that end with `*`.
    pub wildcards_in_progress: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { items_in_progress: 3_000, wildcards_in_progress: 15 }
    }
}

/// The configuration of an emulator.
pub struct EmulatorConfig {
    /// The address on which viewers and API callers connect; port 0 selects a free port.
    pub listen: SocketAddr,
    /// The URL that receives all origin requests, for example `http://127.0.0.1:4566`. It routes them by `Host`.
    pub origin_gateway: String,
    /// The CA certificate that authenticates the origin gateway over TLS, in PEM; `None` uses the CAs of the system.
    pub origin_ca: Option<Vec<u8>>,
    /// The distributions to serve.
    pub distributions: Distributions,
    /// The credentials that sign origin requests where an origin access control requires it.
    pub origin_credentials: Credentials,
    /// Whether the local AWS behind the origin gateway authorizes the calls of the API.
    pub authorize_callers: bool,
    /// Time until an invalidation takes effect and is `Completed`. CloudFront itself takes longer: at the 95th
    /// percentile 5 seconds until it takes effect and 25 seconds until it is `Completed` (AWS, "What's new", April
    /// 2026).
    pub propagation_delay: Duration,
    /// The quotas of items in progress.
    pub quotas: Quotas,
    /// The source of the time.
    pub clock: Clock,
}

impl EmulatorConfig {
    /// An emulator on a free loopback port, with the documented quotas, a propagation delay of one second and the
    /// credentials `test`/`test`, which a local AWS accepts.
    #[must_use]
    pub fn new(origin_gateway: impl Into<String>, distributions: Distributions) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            origin_gateway: origin_gateway.into(),
            origin_ca: None,
            distributions,
            origin_credentials: Credentials::new("test", "test", None, None, "cloudfront-emulator"),
            authorize_callers: false,
            propagation_delay: Duration::from_secs(1),
            quotas: Quotas::default(),
            clock: Arc::new(Timestamp::now),
        }
    }
}
