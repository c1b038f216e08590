//! What the command `recover` works with in a test.

use aws_config::SdkConfig;
use aws_sdk_dynamodbstreams::types::Record;
use aws_sdk_dynamodbstreams::types::ShardIteratorType::TrimHorizon;
use domain::AttributeNames;
use recover::{Clients, Installation, Recovery};
use serde_json::Value;
use support::{LocalDynamoDb, LocalS3};

use crate::environment::{Environment, SETTLE};

/// The stream of the image-pack table, as a reader sees it.
#[derive(Debug)]
pub struct Stream {
    /// Its ARN.
    pub arn: String,
    /// Its only shard.
    pub shard_id: String,
    /// Everything in it.
    pub records: Vec<Record>,
}

impl Environment {
    /// The command's library.
    pub async fn recovery(&self) -> Recovery {
        Recovery::new(self.recovery_clients(), self.installation().await)
    }

    /// The clients that the command has.
    #[must_use]
    pub fn recovery_clients(&self) -> Clients {
        Clients {
            dynamodb: self.dynamodb(),
            streams: aws_sdk_dynamodbstreams::Client::new(self.dynamodb.sdk_config()),
            s3: self.s3(),
            sqs: self.sqs.client(),
        }
    }

    /// What the pipeline's stack registers.
    pub async fn installation(&self) -> Installation {
        Installation {
            image_pack_table: LocalDynamoDb::IMAGE_PACK_TABLE.to_owned(),
            image_pack_stream_arn: self.stream().await.arn,
            image_pack_attributes: AttributeNames::default(),
            invalidation_queue_table: LocalDynamoDb::INVALIDATION_QUEUE_TABLE.to_owned(),
            purge_ledger_table: LocalDynamoDb::PURGE_LEDGER_TABLE.to_owned(),
            variants_bucket: LocalS3::VARIANTS_BUCKET.to_owned(),
            dead_letter_queue_url: self.sqs.queue_url().to_owned(),
            settle_delay_secs: SETTLE.as_secs(),
        }
    }

    /// Reads the image-pack table's stream from its beginning.
    pub async fn stream(&self) -> Stream {
        let client = self.recovery_clients().streams;
        let streams = client.list_streams().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).send().await;
        let arn = streams.expect("ListStreams").streams.unwrap_or_default().remove(0).stream_arn.expect("an ARN");
        let described = client.describe_stream().stream_arn(&arn).send().await.expect("DescribeStream");
        let mut shards = described.stream_description.and_then(|stream| stream.shards).expect("shards");
        let shard_id = shards.remove(0).shard_id.expect("an id");
        let from_the_start = client.get_shard_iterator().stream_arn(&arn).shard_id(&shard_id);
        let found = from_the_start.shard_iterator_type(TrimHorizon).send().await.expect("GetShardIterator");
        let records = client.get_records().shard_iterator(found.shard_iterator.expect("an iterator")).send().await;
        Stream { arn, shard_id, records: records.expect("GetRecords").records.unwrap_or_default() }
    }

    /// The config of the SQS clients.
    #[must_use]
    pub fn sqs_config(&self) -> &SdkConfig {
        self.sqs.sdk_config()
    }

    /// Puts `dead_letter` into the dead-letter queue.
    pub async fn send_dead_letter(&self, dead_letter: &Value) {
        let send = self.recovery_clients().sqs.send_message().queue_url(self.sqs.queue_url());
        send.message_body(dead_letter.to_string()).send().await.expect("SendMessage");
    }
}
