//! SQS with one standard queue: the dead-letter queue.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::json_api::{self, JsonApi, ServiceError, parse};

/// The queue's URL. The SDK sends it as a field and connects to its endpoint.
const QUEUE_URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/dead-letters";
/// The default visibility timeout, in seconds.
const VISIBILITY_SECS: u64 = 30;
/// The longest visibility timeout, in seconds.
const VISIBILITY_SECS_MAX: u64 = 12 * 60 * 60;
/// The longest wait for a message, in seconds.
const WAIT_SECS_MAX: u64 = 20;
/// The most messages of one response.
const MESSAGES_MAX: usize = 10;
/// The most bytes of a message.
const MESSAGE_BYTES_MAX: usize = 1024 * 1024;
/// The interval at which a waiting request looks for a message.
const POLL: Duration = Duration::from_millis(20);

/// An SQS of this test's own, with an empty dead-letter queue.
#[derive(Debug)]
pub struct LocalSqs {
    sdk: SdkConfig,
}

impl LocalSqs {
    /// Starts one.
    pub async fn start() -> Self {
        Self { sdk: crate::sdk_config(&json_api::serve(Queue::default()).await) }
    }

    /// The config of its clients.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }

    /// The URL of the dead-letter queue.
    #[must_use]
    pub fn queue_url(&self) -> &'static str {
        QUEUE_URL
    }
}

#[derive(Default)]
struct Queue(Mutex<Messages>);

#[derive(Default)]
struct Messages {
    queued: Vec<Message>,
    sent: u64,
    received: u64,
}

struct Message {
    id: String,
    body: String,
    /// The receipt handle of its last delivery.
    receipt: Option<String>,
    /// Invisible until then.
    visible_at: Instant,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Send {
    queue_url: String,
    message_body: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Receive {
    queue_url: String,
    max_number_of_messages: Option<usize>,
    visibility_timeout: Option<u64>,
    wait_time_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Delete {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct ChangeVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetAttributes {
    queue_url: String,
    attribute_names: Vec<String>,
}

impl JsonApi for Queue {
    const TARGET: &str = "AmazonSQS";

    async fn call(&self, operation: &str, request: Value) -> Result<Value, ServiceError> {
        match operation {
            "SendMessage" => self.send(parse(request)?),
            "ReceiveMessage" => self.receive(parse(request)?).await,
            "DeleteMessage" => self.delete(&parse(request)?),
            "ChangeMessageVisibility" => self.change_visibility(&parse(request)?),
            "GetQueueAttributes" => self.attributes(&parse(request)?),
            _ => Err(ServiceError::unknown_operation(operation)),
        }
    }
}

impl Queue {
    fn messages(&self) -> MutexGuard<'_, Messages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, Send { queue_url, message_body }: Send) -> Result<Value, ServiceError> {
        check_queue(&queue_url)?;
        check_body(&message_body)?;
        let mut messages = self.messages();
        messages.sent += 1;
        let id = format!("message-{}", messages.sent);
        let message = Message { id: id.clone(), body: message_body, receipt: None, visible_at: Instant::now() };
        messages.queued.push(message);
        Ok(json!({"MessageId": id}))
    }

    async fn receive(&self, request: Receive) -> Result<Value, ServiceError> {
        check_queue(&request.queue_url)?;
        let count = request.max_number_of_messages.unwrap_or(1);
        let visibility = request.visibility_timeout.unwrap_or(VISIBILITY_SECS);
        let wait = request.wait_time_seconds.unwrap_or(0);
        check("MaxNumberOfMessages", (1..=MESSAGES_MAX).contains(&count))?;
        check("VisibilityTimeout", visibility <= VISIBILITY_SECS_MAX)?;
        check("WaitTimeSeconds", wait <= WAIT_SECS_MAX)?;
        let until = Instant::now() + Duration::from_secs(wait);
        loop {
            let received = self.messages().take(count, Duration::from_secs(visibility));
            if !received.is_empty() {
                return Ok(json!({"Messages": received}));
            }
            if Instant::now() >= until {
                return Ok(json!({}));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    fn delete(&self, Delete { queue_url, receipt_handle }: &Delete) -> Result<Value, ServiceError> {
        check_queue(queue_url)?;
        let mut messages = self.messages();
        messages.check_receipt(receipt_handle)?;
        // The receipt of an earlier delivery deletes nothing.
        messages.queued.retain(|message| message.receipt.as_ref() != Some(receipt_handle));
        Ok(json!({}))
    }

    fn change_visibility(&self, request: &ChangeVisibility) -> Result<Value, ServiceError> {
        check_queue(&request.queue_url)?;
        check("VisibilityTimeout", request.visibility_timeout <= VISIBILITY_SECS_MAX)?;
        let mut messages = self.messages();
        messages.check_receipt(&request.receipt_handle)?;
        let now = Instant::now();
        let in_flight = messages
            .queued
            .iter_mut()
            .find(|message| message.receipt.as_ref() == Some(&request.receipt_handle) && message.visible_at > now);
        let Some(message) = in_flight else {
            return Err(ServiceError::new("MessageNotInflight", "the message is not in flight"));
        };
        message.visible_at = now + Duration::from_secs(request.visibility_timeout);
        Ok(json!({}))
    }

    fn attributes(&self, GetAttributes { queue_url, attribute_names }: &GetAttributes) -> Result<Value, ServiceError> {
        check_queue(queue_url)?;
        if *attribute_names != ["ApproximateNumberOfMessages"] {
            return Err(ServiceError::new("InvalidAttributeName", format!("{attribute_names:?} is not implemented")));
        }
        let now = Instant::now();
        let visible = self.messages().queued.iter().filter(|message| message.visible_at <= now).count();
        Ok(json!({"Attributes": {"ApproximateNumberOfMessages": visible.to_string()}}))
    }
}

impl Messages {
    /// Delivers up to `count` visible messages and makes them invisible for `visibility`.
    fn take(&mut self, count: usize, visibility: Duration) -> Vec<Value> {
        let now = Instant::now();
        let visible = self.queued.iter_mut().filter(|message| message.visible_at <= now).take(count);
        let received = visible.map(|message| {
            self.received += 1;
            let receipt = format!("receipt-{}", self.received);
            message.visible_at = now + visibility;
            message.receipt = Some(receipt.clone());
            json!({"MessageId": message.id, "ReceiptHandle": receipt, "Body": message.body})
        });
        received.collect()
    }

    fn check_receipt(&self, receipt: &str) -> Result<(), ServiceError> {
        let number = receipt.strip_prefix("receipt-").and_then(|number| number.parse::<u64>().ok());
        match number {
            Some(number) if (1..=self.received).contains(&number) => Ok(()),
            _ => Err(ServiceError::new("ReceiptHandleIsInvalid", format!("{receipt:?} is not a receipt handle"))),
        }
    }
}

fn check_queue(queue_url: &str) -> Result<(), ServiceError> {
    if queue_url == QUEUE_URL {
        return Ok(());
    }
    Err(ServiceError::new("QueueDoesNotExist", format!("{queue_url} does not exist")))
}

fn check(parameter: &str, is_valid: bool) -> Result<(), ServiceError> {
    if is_valid {
        return Ok(());
    }
    Err(ServiceError::new("InvalidParameterValue", format!("{parameter} is out of range")))
}

fn check_body(body: &str) -> Result<(), ServiceError> {
    let is_allowed = |character: char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    if body.is_empty() || body.len() > MESSAGE_BYTES_MAX {
        let message = format!("a message has 1 to {MESSAGE_BYTES_MAX} bytes, not {}", body.len());
        return Err(ServiceError::new("InvalidParameterValue", message));
    }
    if body.chars().all(is_allowed) {
        return Ok(());
    }
    Err(ServiceError::new("InvalidMessageContents", "the message has characters that SQS does not take"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::error::ProvideErrorMetadata;

    use super::*;

    #[tokio::test]
    async fn a_received_message_is_invisible_until_released_and_never_received_after_deletion() {
        let sqs = LocalSqs::start().await;
        let (client, url) = (sqs.client(), sqs.queue_url());
        client.send_message().queue_url(url).message_body("cat").send().await.unwrap();
        let receive = client.receive_message().queue_url(url);
        let message = receive.clone().send().await.unwrap().messages.unwrap().remove(0);
        assert_eq!(receive.clone().send().await.unwrap().messages, None);

        let release = client.change_message_visibility().queue_url(url).visibility_timeout(0);
        let release = release.set_receipt_handle(message.receipt_handle);
        release.clone().send().await.unwrap();
        assert_eq!(release.send().await.unwrap_err().code(), Some("MessageNotInflight"));

        let again = receive.clone().send().await.unwrap().messages.unwrap().remove(0);
        assert_eq!(again.body(), Some("cat"));
        let delete = client.delete_message().queue_url(url).set_receipt_handle(again.receipt_handle);
        delete.send().await.unwrap();
        assert_eq!(receive.visibility_timeout(0).send().await.unwrap().messages, None);
    }

    #[tokio::test]
    async fn requests_that_sqs_rejects_are_rejected() {
        let sqs = LocalSqs::start().await;
        let (client, url) = (sqs.client(), sqs.queue_url());
        let elsewhere = client.send_message().queue_url("https://sqs/other").message_body("cat").send().await;
        assert_eq!(elsewhere.unwrap_err().code(), Some("QueueDoesNotExist"));
        let control = client.send_message().queue_url(url).message_body("\u{1}").send().await;
        assert_eq!(control.unwrap_err().code(), Some("InvalidMessageContents"));
        let many = client.receive_message().queue_url(url).max_number_of_messages(11).send().await;
        assert_eq!(many.unwrap_err().code(), Some("InvalidParameterValue"));
        let foreign = client.delete_message().queue_url(url).receipt_handle("cat").send().await;
        assert_eq!(foreign.unwrap_err().code(), Some("ReceiptHandleIsInvalid"));
    }
}
