//! The Lambda function `dynamodb-imagepacks-stream`: reads its config, builds its clients, runs.
#![recursion_limit = "256"] // The futures of the SDK's calls nest deeper than the default of 128.

use aws_adapters::clients;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::purge_run_function::PurgeRunFunction;
use aws_adapters::{SystemClock, now};
use aws_config::timeout::TimeoutConfig;
use contract::functions::ImagePacksStream;
use domain::{Context, Timestamp};
use dynamodb_imagepacks_stream::Handler;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use purging::stream::{CALL_MAX, Enqueuer};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImagePacksStream::from_env()?;
    // A call that hangs fails within the time that the enqueuer leaves for it.
    let call_max = TimeoutConfig::builder().operation_timeout(CALL_MAX).build();
    let sdk = clients::sdk_config().await.into_builder().timeout_config(call_max).build();
    let enqueuer = Enqueuer {
        queue: InvalidationQueue::new(clients::dynamodb(&sdk), config.invalidation_queue_table),
        dead_letters: DeadLetterQueue::new(aws_sdk_sqs::Client::new(&sdk), config.dead_letter_queue_url),
        clock: SystemClock,
        purge_runs: PurgeRunFunction::new(&sdk, config.purge_run_function),
        names: config.image_pack_attributes,
        with_existing_distribution: config.tenants_with_existing_distribution.0,
    };
    let handler = &Handler { enqueuer };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = Timestamp::from_millis(event.context.deadline);
        let context = Context { id: event.context.request_id, now: now(), deadline };
        Ok::<_, Error>(handler.handle(&event.payload, &context).await)
    }))
    .await
}
