//! The dead-letter queue.

use aws_adapters::sdk_error;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::QueueAttributeName;
use purging::ports::CallError;

/// The visibility timeout of a dead letter during its replay, in seconds. Each progress restarts it.
pub(crate) const VISIBILITY_SECS: i32 = 300;

/// The wait time of a receive call, in seconds. Above zero SQS queries all its servers, so an empty response means an
/// empty queue.
const WAIT_SECS: i32 = 1;

/// A client of the dead-letter queue.
#[derive(Debug, Clone)]
pub(crate) struct DeadLetters {
    client: Client,
    queue_url: String,
}

/// A received dead letter, invisible to other receivers for [`VISIBILITY_SECS`].
#[derive(Debug, Clone)]
pub(crate) struct Received {
    /// The message id.
    pub(crate) id: String,
    /// The message body.
    pub(crate) body: String,
    receipt: String,
}

impl DeadLetters {
    pub(crate) fn new(client: Client, queue_url: String) -> Self {
        Self { client, queue_url }
    }

    /// Returns the approximate number of dead letters.
    pub(crate) async fn count(&self) -> Result<u64, CallError> {
        let name = QueueAttributeName::ApproximateNumberOfMessages;
        let get = self.client.get_queue_attributes().queue_url(&self.queue_url).attribute_names(name.clone());
        let response = get.send().await.map_err(|error| sdk_error(self.action("counting dead letters of"), error))?;
        let count = response.attributes.and_then(|attributes| attributes.get(&name)?.parse().ok());
        Ok(count.unwrap_or_default())
    }

    /// Receives one dead letter; `None` if none is visible.
    pub(crate) async fn receive_one(&self) -> Result<Option<Received>, CallError> {
        let receive = self.client.receive_message().queue_url(&self.queue_url).max_number_of_messages(1);
        let response = receive.visibility_timeout(VISIBILITY_SECS).wait_time_seconds(WAIT_SECS).send().await;
        let response = response.map_err(|error| sdk_error(self.action("receiving from"), error))?;
        let message = response.messages.unwrap_or_default().pop();
        Ok(message.map(|message| Received {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
        }))
    }

    /// Restarts the visibility timeout.
    pub(crate) async fn extend_visibility(&self, dead_letter: &Received) -> Result<(), CallError> {
        self.set_visibility(dead_letter, VISIBILITY_SECS).await
    }

    /// Makes the dead letter visible again.
    pub(crate) async fn release(&self, dead_letter: &Received) -> Result<(), CallError> {
        self.set_visibility(dead_letter, 0).await
    }

    async fn set_visibility(&self, dead_letter: &Received, secs: i32) -> Result<(), CallError> {
        let change = self.client.change_message_visibility().queue_url(&self.queue_url).visibility_timeout(secs);
        let changed = change.receipt_handle(&dead_letter.receipt).send().await;
        changed.map_err(|error| sdk_error(self.action("changing the visibility of a dead letter of"), error))?;
        Ok(())
    }

    /// Deletes a dead letter after its content is in the queue.
    pub(crate) async fn delete(&self, dead_letter: &Received) -> Result<(), CallError> {
        let delete = self.client.delete_message().queue_url(&self.queue_url).receipt_handle(&dead_letter.receipt);
        delete.send().await.map_err(|error| sdk_error(self.action("deleting a dead letter of"), error))?;
        Ok(())
    }

    fn action(&self, doing: &str) -> String {
        format!("{doing} queue {}", self.queue_url)
    }
}
