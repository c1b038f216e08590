use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aws_sdk_cloudfront::config::Credentials;

use crate::clock::Clock;
use crate::distributions::Distributions;
use crate::quotas::Quotas;
use crate::rejected_items::RejectedItems;

/// How long an invalidation takes until viewers see it and it is `Completed`. The real one takes longer: 5 seconds to
/// its effect and 25 seconds to `Completed` at the 95th percentile (AWS, "What's new", April 2026).
pub const DEFAULT_PROPAGATION_DELAY: Duration = Duration::from_secs(1);

/// How an emulator runs.
#[derive(Debug)]
pub struct EmulatorConfig {
    /// Where viewers and API callers connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where all origin requests are sent, for example `http://127.0.0.1:4566`. It finds the origin by `Host`.
    pub origin_gateway: String,
    /// What the origin gateway must show to be trusted over TLS, in PEM; `None`: what this machine trusts.
    pub origin_ca: Option<Vec<u8>>,
    /// What is served.
    pub distributions: Distributions,
    /// What origin requests are signed with where an origin access control demands it.
    pub origin_credentials: Credentials,
    /// Whether the local AWS behind the origin gateway decides whether a caller of the API may make a call.
    pub authorize_callers: bool,
    /// How long an invalidation takes until viewers see it and it is `Completed`.
    pub propagation_delay: Duration,
    /// How much may be in progress.
    pub quotas: Quotas,
    /// What is rejected although it is well formed.
    pub rejected_items: RejectedItems,
    /// Where the time comes from.
    pub clock: Clock,
}

impl EmulatorConfig {
    /// An emulator on a free loopback port with the documented quotas, a propagation delay of a second, and the
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
            propagation_delay: DEFAULT_PROPAGATION_DELAY,
            quotas: Quotas::default(),
            rejected_items: RejectedItems::default(),
            clock: Clock::system(),
        }
    }
}
