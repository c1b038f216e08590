//! The Lambda function `purge-events`: reads its config, builds its clients, runs.
#![recursion_limit = "256"] // The futures of the SDK's calls nest deeper than the default of 128.

use aws_adapters::clients;
use aws_adapters::event_bus::EventBus;
use contract::functions::PurgeEvents;
use lambda_runtime::{Error, LambdaEvent, run, service_fn, tracing};
use purge_events::Handler;
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let PurgeEvents { environment, event_bus } = PurgeEvents::from_env()?;
    let sdk = clients::sdk_config().await;
    let bus = EventBus::new(aws_sdk_eventbridge::Client::new(&sdk), event_bus);
    let handler = &Handler { bus, environment };
    run(service_fn(|event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(handler.handle(&event.payload, &event.context.request_id).await)
    }))
    .await
}
