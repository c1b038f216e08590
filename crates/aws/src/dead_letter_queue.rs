//! The dead-letter queue: payloads that could not be processed, with the reason.

use aws_sdk_sqs::Client;
use purging::ports::DeadLetters;
use serde_json::{Value, json};

use crate::CallError;
use crate::call_error::sdk_error;

/// The dead-letter queue.
#[derive(Debug, Clone)]
pub struct DeadLetterQueue {
    client: Client,
    queue_url: String,
}

impl DeadLetterQueue {
    /// The queue at `queue_url`.
    #[must_use]
    pub fn new(client: Client, queue_url: String) -> Self {
        Self { client, queue_url }
    }
}

impl DeadLetters for DeadLetterQueue {
    async fn keep(&self, source: &str, reason: &str, payload: &Value) -> Result<(), CallError> {
        self.client
            .send_message()
            .queue_url(&self.queue_url)
            .message_body(json!({"source": source, "reason": reason, "payload": payload}).to_string())
            .send()
            .await
            .map_err(|error| sdk_error(format!("sending to queue {}", self.queue_url), error))?;
        Ok(())
    }
}
