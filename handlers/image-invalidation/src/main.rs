//! The Lambda function `image-invalidation`: reads its config, builds its clients, runs.
#![recursion_limit = "256"] // The futures of the SDK's calls nest deeper than the default of 128.

use std::time::Duration;

use aws_adapters::clients;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::now;
use aws_adapters::ports::purger;
use contract::functions::ImageInvalidation;
use domain::{Context, Timestamp};
use image_invalidation::Handler;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use purging::purge_run::PurgeRun;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImageInvalidation::from_env()?;
    let sdk = clients::sdk_config().await;
    let purge_run = PurgeRun {
        purger: purger(&sdk, config.purging),
        dead_letters: DeadLetterQueue::new(aws_sdk_sqs::Client::new(&sdk), config.dead_letter_queue_url),
        lease: Duration::from_secs(config.lease_secs.into()),
    };
    let handler = &Handler { purge_run };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = Timestamp::from_millis(event.context.deadline);
        let context = Context { id: event.context.request_id, now: now(), deadline };
        handler.handle(&event.payload, &context).await.map_err(Error::from)
    }))
    .await
}
