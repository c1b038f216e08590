//! The Lambda function `image-invalidation`: reads its configuration, builds its clients, runs.

use std::time::Duration;

use aws_adapters::config::config_value;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::now;
use aws_adapters::ports::purger;
use domain::{Context, Timestamp};
use image_invalidation::Handler;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use purging::purge_run::PurgeRun;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let lease_secs = config_value("LEASE_SECS", "150")?;
    let tracking_secs_max = config_value("TRACKING_SECS_MAX", "60")?;
    let dead_letters =
        config_value("DEAD_LETTER_QUEUE_URL", "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters")?;
    let sdk = aws_config::load_from_env().await;
    let purge_run = PurgeRun {
        purger: purger(&sdk)?,
        dead_letters: DeadLetterQueue::new(aws_sdk_sqs::Client::new(&sdk), dead_letters),
        lease: Duration::from_secs(lease_secs),
        tracking_max: Duration::from_secs(tracking_secs_max),
    };
    let handler = &Handler { purge_run };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = Timestamp::from_millis(event.context.deadline);
        let context = Context { id: event.context.request_id, now: now(), deadline };
        handler.handle(&event.payload, &context).await.map_err(Error::from)
    }))
    .await
}
