//! The clients and adapters of a recovery.

use std::time::Duration;

use aws_adapters::clients;
use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_adapters::purge_run_function::PurgeRunFunction;
use aws_adapters::{SystemClock, now};
use aws_config::SdkConfig;
use domain::Context;
use domain::queue::enqueue::{Enqueue, Event, reduce};
use purging::ports::{CallError, Queue, QueueError};
use purging::stream::Enqueuer;
use uuid::Uuid;

use crate::Installation;
use crate::dead_letters::{DeadLetters, VISIBILITY_SECS};

/// The AWS clients of a recovery.
#[derive(Debug, Clone)]
pub struct Clients {
    /// For the tables of packs, queue and ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For the stream of the image-pack table.
    pub streams: aws_sdk_dynamodbstreams::Client,
    /// For the variants bucket.
    pub s3: aws_sdk_s3::Client,
    /// For the dead-letter queue.
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// Creates the clients from an SDK config.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            dynamodb: clients::dynamodb(sdk),
            streams: aws_sdk_dynamodbstreams::Client::new(sdk),
            s3: aws_sdk_s3::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
        }
    }
}

/// The recovery of one environment: replay and resync.
#[derive(Debug, Clone)]
pub struct Recovery {
    pub(crate) clients: Clients,
    pub(crate) installation: Installation,
    pub(crate) queue: InvalidationQueue,
    pub(crate) ledger: PurgeLedger,
    pub(crate) packs: ImagePackTable,
    pub(crate) dead_letters: DeadLetters,
}

impl Recovery {
    /// Creates the recovery of the environment with these resources.
    #[must_use]
    pub fn new(clients: Clients, installation: Installation) -> Self {
        let names = &installation;
        Self {
            queue: InvalidationQueue::new(clients.dynamodb.clone(), names.invalidation_queue_table.clone()),
            ledger: PurgeLedger::new(clients.dynamodb.clone(), names.purge_ledger_table.clone()),
            packs: ImagePackTable::new(
                clients.dynamodb.clone(),
                names.image_pack_table.clone(),
                names.image_pack_attributes.clone(),
            ),
            dead_letters: DeadLetters::new(clients.sqs.clone(), names.dead_letter_queue_url.clone()),
            clients,
            installation,
        }
    }

    /// The enqueuer of the stream handler; records that will never succeed go to `dead_letters`. It wakes no purge run:
    /// the schedule starts the next one.
    pub(crate) fn enqueuer<D>(&self, dead_letters: D) -> Enqueuer<InvalidationQueue, D, SystemClock, PurgeRunFunction> {
        Enqueuer {
            queue: self.queue.clone(),
            dead_letters,
            clock: SystemClock,
            purge_runs: None,
            names: self.installation.image_pack_attributes.clone(),
            with_existing_distribution: self.installation.tenants_with_existing_distribution.0.clone(),
        }
    }

    /// The dead-letter queue, for the unreadable records of the stream handler.
    pub(crate) fn dead_letter_queue(&self) -> DeadLetterQueue {
        DeadLetterQueue::new(self.clients.sqs.clone(), self.installation.dead_letter_queue_url.clone())
    }

    /// The settle delay.
    pub(crate) fn settle(&self) -> Duration {
        Duration::from_secs(self.installation.settle_delay_secs)
    }
}

impl Recovery {
    /// Enqueues the target of `event`.
    pub(crate) async fn enqueue_event(&self, event: Event, requested_by: &str) -> Result<(), CallError> {
        for upsert in reduce(vec![event], now(), &new_delivery(), requested_by) {
            self.enqueue(&upsert).await?;
        }
        Ok(())
    }

    /// Writes a row of the queue. A row that cannot be read back is in the queue, too; the next purge run reports it.
    pub(crate) async fn enqueue(&self, upsert: &Enqueue) -> Result<(), CallError> {
        match self.queue.upsert(upsert).await {
            Ok(_) | Err(QueueError::Row { .. }) => Ok(()),
            Err(QueueError::Call(failed)) => Err(failed),
        }
    }
}

/// A unique id of one delivery, so that a row that was changed in the meantime gets another version.
pub(crate) fn new_delivery() -> String {
    format!("imagecache-{}", Uuid::new_v4())
}

/// The context of one attempt to enqueue the records of a dead letter, which must end while the dead letter is
/// invisible to other receivers.
pub(crate) fn new_context() -> Context {
    let now = now();
    Context { id: new_delivery(), now, deadline: now.plus(Duration::from_secs(VISIBILITY_SECS.unsigned_abs().into())) }
}
