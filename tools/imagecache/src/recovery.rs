//! What a recovery works with. The only place that knows how the pipeline's own parts are put together.

use std::time::Duration;

use aws_adapters::dead_letter_queue::DeadLetterQueue;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::invalidation_queue::InvalidationQueue;
use aws_adapters::purge_ledger::PurgeLedger;
use aws_config::SdkConfig;
use domain::Context;
use purging::stream::Enqueuer;
use uuid::Uuid;

use crate::Installation;
use crate::dead_letters::DeadLetters;

/// The AWS clients.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Packs, queue and ledger.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// The stream of the packs.
    pub streams: aws_sdk_dynamodbstreams::Client,
    /// Variants.
    pub s3: aws_sdk_s3::Client,
    /// Dead letters.
    pub sqs: aws_sdk_sqs::Client,
}

impl Clients {
    /// Clients with this SDK config.
    #[must_use]
    pub fn new(sdk: &SdkConfig) -> Self {
        Self {
            dynamodb: aws_sdk_dynamodb::Client::new(sdk),
            streams: aws_sdk_dynamodbstreams::Client::new(sdk),
            s3: aws_sdk_s3::Client::new(sdk),
            sqs: aws_sdk_sqs::Client::new(sdk),
        }
    }
}

/// Recovers one environment.
#[derive(Debug, Clone)]
pub struct Recovery {
    pub(crate) clients: Clients,
    pub(crate) installation: Installation,
    /// What waits to be purged.
    pub(crate) queue: InvalidationQueue,
    /// What was purged.
    pub(crate) ledger: PurgeLedger,
    /// Packs and locations.
    pub(crate) packs: ImagePackTable,
    /// Dead letters to read.
    pub(crate) dead_letters: DeadLetters,
}

impl Recovery {
    /// Of the environment that has these resources.
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

    /// The enqueuer of the stream handler; unreadable records go to `dead_letters`.
    pub(crate) fn enqueuer<D>(&self, dead_letters: D) -> Enqueuer<InvalidationQueue, D> {
        Enqueuer { queue: self.queue.clone(), dead_letters, names: self.installation.image_pack_attributes.clone() }
    }

    /// Where the stream handler puts unreadable records.
    pub(crate) fn dead_letter_queue(&self) -> DeadLetterQueue {
        DeadLetterQueue::new(self.clients.sqs.clone(), self.installation.dead_letter_queue_url.clone())
    }

    /// How long after a change a purge counts.
    pub(crate) fn settle(&self) -> Duration {
        Duration::from_secs(self.installation.settle_delay_secs)
    }
}

/// Identifies one attempt to enqueue something: no row that was changed meanwhile may look unchanged afterwards.
pub(crate) fn new_delivery() -> String {
    format!("recover-{}", Uuid::new_v4())
}

/// The context of one attempt to enqueue records. It has no deadline of its own.
pub(crate) fn new_context() -> Context {
    let now = aws_adapters::now();
    Context { id: new_delivery(), now, deadline: now }
}
