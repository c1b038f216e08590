//! The Lambda function `dynamodb-imagepacks-stream`: reads its config, builds its clients, runs.

use aws_adapters::clients;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::now;
use contract::functions::ImagePacksStream;
use domain::{Context, Timestamp};
use dynamodb_imagepacks_stream::Handler;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use purging::stream::Enqueuer;
use serde_json::Value;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImagePacksStream::from_env()?;
    let sdk = aws_config::load_from_env().await;
    let enqueuer = Enqueuer {
        queue: InvalidationQueue::new(clients::dynamodb(&sdk), config.invalidation_queue_table),
        dead_letters: DeadLetterQueue::new(aws_sdk_sqs::Client::new(&sdk), config.dead_letter_queue_url),
        names: config.image_pack_attributes,
    };
    let handler = &Handler { enqueuer };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        let deadline = Timestamp::from_millis(event.context.deadline);
        let context = Context { id: event.context.request_id, now: now(), deadline };
        Ok::<_, Error>(handler.handle(&event.payload, &context).await)
    }))
    .await
}
