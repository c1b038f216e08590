//! The Lambda function `image-invalidation`: reads its configuration, builds its clients, runs.

use std::time::Duration;

use aws_adapters::now;
use aws_adapters::purger::Purger;
use aws_adapters::settings::setting;
use image_invalidation::Handler;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let lease_secs = setting("LEASE_SECS", "150")?;
    let sdk = aws_config::load_from_env().await;
    let handler = Handler { purger: Purger::from_environment(&sdk)?, lease: Duration::from_secs(lease_secs) };
    let handler = &handler;
    run(service_fn(|event: LambdaEvent<Value>| async move {
        handler.run(&event.context.request_id, now()).await.map_err(Error::from)
    }))
    .await
}
