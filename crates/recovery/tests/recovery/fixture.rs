//! The command's library over the services of one test.

use aws_sdk_dynamodbstreams::types::Record;
use aws_sdk_dynamodbstreams::types::ShardIteratorType::TrimHorizon;
use contract::TenantIds;
use contract::identifier::HeaderName;
use domain::AttributeNames;
use recovery::{Clients, Installation, Recovery};
use support::{Environment, LocalDynamoDb, LocalS3, SETTLE};

/// The stream of the image-pack table, as a reader sees it.
#[derive(Debug)]
pub(super) struct Stream {
    /// Its ARN.
    pub(super) arn: String,
    /// Its only shard.
    pub(super) shard_id: String,
    /// Everything in it.
    pub(super) records: Vec<Record>,
}

/// The command's library.
pub(super) async fn recovery(environment: &Environment) -> Recovery {
    Recovery::new(clients(environment), installation(environment).await)
}

/// The clients that the command has.
pub(super) fn clients(environment: &Environment) -> Clients {
    Clients {
        dynamodb: environment.dynamodb(),
        streams: aws_sdk_dynamodbstreams::Client::new(environment.dynamodb_config()),
        s3: environment.s3(),
        sqs: environment.sqs().client(),
    }
}

/// The resources that the pipeline's stack registers.
pub(super) async fn installation(environment: &Environment) -> Installation {
    Installation {
        image_pack_table: LocalDynamoDb::IMAGE_PACK_TABLE.to_owned(),
        image_pack_stream_arn: stream(environment).await.arn,
        image_pack_attributes: AttributeNames::default(),
        tenants_with_existing_distribution: TenantIds::default(),
        invalidation_queue_table: LocalDynamoDb::INVALIDATION_QUEUE_TABLE.to_owned(),
        purge_ledger_table: LocalDynamoDb::PURGE_LEDGER_TABLE.to_owned(),
        variants_bucket: LocalS3::VARIANTS_BUCKET.to_owned(),
        dead_letter_queue_url: environment.sqs().queue_url().to_owned(),
        settle_delay_secs: SETTLE.as_secs(),
        // A recovery uses none of these.
        purged_within_secs: 0,
        originals_bucket: String::new(),
        render_lock_table: String::new(),
        image_invalidation_arn: String::new(),
        image_processing_arn: String::new(),
        cache_tag_header: HeaderName::of_cache_tags(),
        viewer_domain: String::new(),
        stream_mapping_id: String::new(),
        schedule_name: String::new(),
        alarm_topic_arns: Vec::new(),
    }
}

/// Reads the image-pack table's stream from its beginning.
pub(super) async fn stream(environment: &Environment) -> Stream {
    let client = clients(environment).streams;
    let streams = client.list_streams().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).send().await.unwrap();
    let arn = streams.streams.unwrap().remove(0).stream_arn.unwrap();
    let described = client.describe_stream().stream_arn(&arn).send().await.unwrap();
    let shard_id = described.stream_description.unwrap().shards.unwrap().remove(0).shard_id.unwrap();
    let from_the_start = client.get_shard_iterator().stream_arn(&arn).shard_id(&shard_id);
    let found = from_the_start.shard_iterator_type(TrimHorizon).send().await.unwrap();
    let records = client.get_records().set_shard_iterator(found.shard_iterator).send().await.unwrap();
    Stream { arn, shard_id, records: records.records.unwrap_or_default() }
}
