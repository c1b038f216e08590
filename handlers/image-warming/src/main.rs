//! The Lambda function `image-warming`: reads its config, builds its clients, runs.
#![recursion_limit = "256"] // The futures of the SDK's calls nest deeper than the default of 128.

use aws_adapters::demand_table::DemandTable;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::metrics_log::MetricsLog;
use aws_adapters::{SystemClock, clients};
use contract::functions::ImageWarming;
use domain::access::allowance::AllowanceLimit;
use image_warming::{Handler, Viewer};
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImageWarming::from_env()?;
    let dynamodb = clients::dynamodb(&clients::sdk_config().await);
    let handler = &Handler {
        packs: ImagePackTable::new(dynamodb.clone(), config.image_packs.table, config.image_packs.attributes),
        demand: DemandTable::new(dynamodb, config.demand_table),
        viewer: Viewer::new(config.viewer_domain, endpoint()?)?,
        locations_max: config.locations_max as usize,
        budget: AllowanceLimit { per_minute: config.requests_per_minute, burst: config.requests_burst },
        clock: SystemClock,
        metrics: MetricsLog::new(config.environment),
    };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        handler.handle(&event.payload, &event.context.request_id).await.map_err(Error::from)
    }))
    .await
}

/// The address that stands in for every host of viewers in a local deployment.
#[cfg(debug_assertions)]
fn endpoint() -> Result<Option<String>, Error> {
    use contract::ConfigError;
    use contract::functions::LocalViewer;

    match LocalViewer::from_env() {
        Ok(local) => Ok(Some(local.viewer_endpoint)),
        Err(ConfigError::Missing { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A release build requests the hosts of viewers only.
#[cfg(not(debug_assertions))]
fn endpoint() -> Result<Option<String>, Error> {
    Ok(None)
}
