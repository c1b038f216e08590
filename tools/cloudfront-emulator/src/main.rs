//! Runs the emulator until Ctrl-C.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudfront::config::ProvideCredentials;
use clap::Parser;
use cloudfront_emulator::{Distributions, EmulatorConfig, Quotas};

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
    /// Time until an invalidation takes effect and is Completed, in milliseconds.
    #[arg(long, default_value_t = 1_000)]
    propagation_delay_ms: u64,
    /// Quota of paths and cache tags in progress for each distribution, wildcards excluded.
    #[arg(long, default_value_t = Quotas::default().items_in_progress)]
    items_in_progress: usize,
    /// Quota of wildcards in progress for each distribution.
    #[arg(long, default_value_t = Quotas::default().wildcards_in_progress)]
    wildcards_in_progress: usize,
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
    config.propagation_delay = Duration::from_millis(arguments.propagation_delay_ms);
    config.quotas = Quotas {
        items_in_progress: arguments.items_in_progress,
        wildcards_in_progress: arguments.wildcards_in_progress,
    };
    let emulator = cloudfront_emulator::start(config).await?;
    tracing::info!("serving viewers and the CloudFront API at {}", emulator.endpoint_url());
    tokio::signal::ctrl_c().await?;
    emulator.shutdown().await;
    Ok(())
}
