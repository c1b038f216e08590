use std::net::{Ipv4Addr, SocketAddr};

use aws_sdk_cloudfront::config::Credentials;

use crate::clock::Clock;
use crate::distributions::Distributions;
use crate::propagation::Propagation;
use crate::quotas::{CallRate, Quotas};

/// The seed of the delays by default.
const SEED: u64 = 1;

/// The configuration of an emulator.
pub struct EmulatorConfig {
    /// The address on which viewers and API callers connect; port 0 selects a free port.
    pub listen: SocketAddr,
    /// The URL that receives all origin requests, for example `http://127.0.0.1:4566`. It routes them by `Host`.
    pub origin_gateway: String,
    /// The CA certificate that authenticates the origin gateway over TLS, in PEM. An `https` gateway needs it.
    pub origin_ca: Option<Vec<u8>>,
    /// The distributions to serve.
    pub distributions: Distributions,
    /// The credentials that sign origin requests where an origin access control requires it.
    pub origin_credentials: Credentials,
    /// Whether the local AWS behind the origin gateway authorizes the calls of the API.
    pub authorize_callers: bool,
    /// The delays of invalidations.
    pub propagation: Propagation,
    /// The quotas of invalidations.
    pub quotas: Quotas,
    /// The throttle of `CreateInvalidation`.
    pub call_rate: CallRate,
    /// The source of the time.
    pub clock: Clock,
}

impl EmulatorConfig {
    /// An emulator on a free loopback port, with the delays of CloudFront, the quotas in progress, a generous throttle
    /// of calls ([`CallRate::GENEROUS`]) and the credentials `test`/`test`, which a local AWS accepts.
    #[must_use]
    pub fn new(origin_gateway: impl Into<String>, distributions: Distributions) -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 0).into(),
            origin_gateway: origin_gateway.into(),
            origin_ca: None,
            distributions,
            origin_credentials: Credentials::new("test", "test", None, None, "cloudfront-emulator"),
            authorize_callers: false,
            propagation: Propagation::of_cloudfront(SEED),
            quotas: Quotas::IN_PROGRESS,
            call_rate: CallRate::GENEROUS,
            clock: Clock::System,
        }
    }
}
