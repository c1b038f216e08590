//! Runs the emulator until Ctrl-C.

use std::error::Error;
use std::net::SocketAddr;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudfront::config::ProvideCredentials;
use clap::{Parser, ValueEnum};
use cloudfront_emulator::{CallRate, Distributions, EmulatorConfig, Propagation, Quotas};

/// CloudFront emulator: serves the distributions that are deployed to a local AWS and accepts their invalidations.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address on which viewers and API callers connect.
    #[arg(long, default_value = "127.0.0.1:4580")]
    listen: SocketAddr,
    /// URL that receives all origin requests and routes them by Host.
    #[arg(long, default_value = "http://127.0.0.1:4566")]
    origin_gateway: String,
    /// URL of the CloudFront API from which the deployed distributions are read.
    #[arg(long, default_value = "http://127.0.0.1:4566")]
    control_plane: String,
    /// Divisor of CloudFront's delays: 1 for invalidations as slow as CloudFront's.
    #[arg(long, default_value_t = 1)]
    scaled_down_by: u32,
    /// Seed of the delays.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Quotas of invalidations.
    #[arg(long, value_enum, default_value_t = QuotaScheme::InProgress)]
    quotas: QuotaScheme,
    /// Throttles calls of the API as CloudFront does: one in two seconds, after a burst of six.
    #[arg(long)]
    throttle_as_cloudfront: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum QuotaScheme {
    /// 3,000 items and 15 wildcards in progress in each distribution.
    InProgress,
    /// 150 items and 1 wildcard a second in the account.
    PerSecond,
    /// Both.
    Both,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let arguments = Arguments::parse();
    // CloudFront is a global service: its API is signed for this region.
    let region = Region::from_static("us-east-1");
    let sdk = aws_config::defaults(BehaviorVersion::latest()).region(region).load().await;
    let mut config =
        EmulatorConfig::new(arguments.origin_gateway, Distributions::deployed(&sdk, &arguments.control_plane));
    if let Some(provider) = sdk.credentials_provider() {
        config.origin_credentials = provider.provide_credentials().await?;
    }
    config.listen = arguments.listen;
    config.propagation = Propagation::Drawn { seed: arguments.seed, scaled_down_by: arguments.scaled_down_by };
    config.quotas = match arguments.quotas {
        QuotaScheme::InProgress => Quotas::IN_PROGRESS,
        QuotaScheme::PerSecond => Quotas::PER_SECOND,
        QuotaScheme::Both => Quotas::Both,
    };
    if arguments.throttle_as_cloudfront {
        config.call_rate = CallRate::CLOUDFRONT;
    }
    tracing::info!("{}", config.propagation);
    let emulator = cloudfront_emulator::start(config).await?;
    tracing::info!("serving viewers and the CloudFront API at {}", emulator.endpoint_url());
    tokio::signal::ctrl_c().await?;
    emulator.shutdown().await;
    Ok(())
}
