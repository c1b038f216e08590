//! The command stops between enqueueing and deleting the dead letter.

use aws_sdk_sqs::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_sqs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_sqs::error::BoxError;
use aws_sdk_sqs::operation::delete_message::DeleteMessageInput;
use indicatif::ProgressBar;
use recovery::{Clients, Recovery};
use support::Environment;

use super::fixture::{clients, installation};
use super::{dead_letter_about, replaced, replay_all};

/// Lets no dead letter be deleted.
#[derive(Debug)]
struct NothingIsDeleted;

impl Intercept for NothingIsDeleted {
    fn name(&self) -> &'static str {
        "NothingIsDeleted"
    }

    fn read_before_serialization(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        match context.input().downcast_ref::<DeleteMessageInput>() {
            Some(_) => Err("the network is gone".into()),
            None => Ok(()),
        }
    }
}

#[tokio::test]
async fn an_entry_enqueued_before_a_crash_is_in_the_queue_once_after_the_next_replay() {
    let environment = &Environment::start().await;
    environment.send_dead_letter(&dead_letter_about(&replaced("p1"))).await;
    let sqs = aws_sdk_sqs::config::Builder::from(environment.sqs().sdk_config()).interceptor(NothingIsDeleted).build();
    let clients = Clients { sqs: aws_sdk_sqs::Client::from_conf(sqs), ..clients(environment) };
    let crashing = Recovery::new(clients, installation(environment).await);
    let error = crashing.replay(&ProgressBar::hidden()).await.unwrap_err().to_string();
    assert!(error.contains("the network is gone"), "{error}");
    assert_eq!(environment.queued().await, ["acme pack#p1"]);

    replay_all(environment, 1).await;
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}
