//! The Lambda function `dynamodb-imagepacks-stream`: writes the meaningful changes of the image-pack table's stream to
//! the invalidation queue. The protocol is in `purging::stream`; this crate is its Lambda event and response.

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use domain::Context;
use purging::ports::{Clock, DeadLetters, PurgeRuns, Queue, Wakeups};
use purging::stream::Enqueuer;
use serde_json::Value;
use tracing::Instrument;

/// The handler of the stream's events.
#[derive(Debug, Clone)]
pub struct Handler<Q, D, C, R> {
    /// Enqueues the changes.
    pub enqueuer: Enqueuer<Q, D, C, R>,
}

impl<Q: Queue + Wakeups, D: DeadLetters, C: Clock, R: PurgeRuns> Handler<Q, D, C, R> {
    /// Handles one event of the stream. The response names the records that Lambda must deliver again.
    pub async fn handle(&self, event: &Value, context: &Context) -> DynamoDbEventResponse {
        let span = tracing::error_span!("stream_event", request_id = context.id);
        let failed = self.enqueuer.enqueue(event, context).instrument(span).await;
        let mut response = DynamoDbEventResponse::default();
        response.batch_item_failures = failed.into_iter().map(item_failure).collect();
        response
    }
}

fn item_failure(sequence_number: String) -> DynamoDbBatchItemFailure {
    let mut failure = DynamoDbBatchItemFailure::default();
    failure.item_identifier = Some(sequence_number);
    failure
}
