//! Records that DynamoDB's own stream made of real writes.

use aws_adapters::now;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
    StreamSpecification, StreamViewType,
};
use dynamodb_imagepacks_stream::Handler;
use serde_json::{Value, json};
use support::{Enqueuer, Environment, TestClock};

use super::event::pack_with_original;
use super::{deliver_as, nothing_failed};

/// An image-pack table whose stream this test reads itself.
const TABLE: &str = "streamed-packs";

async fn create_table(environment: &Environment) {
    let mut create = environment.dynamodb().create_table().table_name(TABLE).billing_mode(BillingMode::PayPerRequest);
    for (name, key_type) in [("tenant", KeyType::Hash), ("entity", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
        create = create
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().unwrap())
            .attribute_definitions(attribute.build().unwrap());
    }
    let stream = StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages);
    create.stream_specification(stream.build().unwrap()).send().await.unwrap();
}

/// Calls the streams API, which has an SDK of its own.
async fn call(environment: &Environment, operation: &str, request: Value) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = client
        .post(environment.dynamodb_config().endpoint_url().unwrap())
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDBStreams_20120810.{operation}"))
        .header("authorization", "AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0")
        .header("x-amz-date", "20261122T000000Z")
        .body(request.to_string());
    let response = call.send().await.unwrap();
    assert!(response.status().is_success(), "{operation}: {}", response.text().await.unwrap());
    response.json().await.unwrap()
}

/// Everything in the table's stream so far.
async fn stream_records(environment: &Environment) -> Vec<Value> {
    let streams = call(environment, "ListStreams", json!({"TableName": TABLE})).await;
    let stream = &streams["Streams"][0]["StreamArn"];
    let described = call(environment, "DescribeStream", json!({"StreamArn": stream})).await;
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let from_the_start = json!({"StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"});
    let iterator = call(environment, "GetShardIterator", from_the_start).await;
    let records = call(environment, "GetRecords", json!({"ShardIterator": iterator["ShardIterator"]})).await;
    records["Records"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_burst_of_100_writes_to_20_packs_becomes_20_rows() {
    let environment = Environment::start().await;
    create_table(&environment).await;
    let began_at = now();
    for number in 0..20 {
        let mut pack = pack_with_original("v0");
        pack["tenant"] = json!("acme");
        pack["entity"] = json!(format!("pack#p{number:02}"));
        environment.put_item(TABLE, pack).await;
    }
    for write in 0..100_u32 {
        let pack = format!("pack#p{:02}", write % 20);
        let update = environment.dynamodb().update_item().table_name(TABLE);
        update
            .key("tenant", AttributeValue::S("acme".to_owned()))
            .key("entity", AttributeValue::S(pack))
            .update_expression("SET imageLocations.main.original.version = :version")
            .expression_attribute_values(":version", AttributeValue::S(format!("v{}", write + 1)))
            .send()
            .await
            .unwrap();
    }
    let records = stream_records(&environment).await;
    assert_eq!(records.len(), 120);
    let delivered_at = now();

    let enqueuer = Enqueuer { clock: TestClock::at(delivered_at), ..environment.enqueuer() };
    let response = deliver_as(&Handler { enqueuer }, &records, delivered_at, "delivery-1").await;
    assert_eq!(response, nothing_failed());
    let rows = environment.queue_rows().await;
    assert_eq!(rows.len(), 20);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row["target"], format!("pack#p{number:02}"));
        assert_eq!(row["changes"], 5);
        let last_write = &records[20 + 80 + number]["dynamodb"]["SequenceNumber"];
        assert_eq!(row["version"], format!("{}@delivery-1", last_write.as_str().unwrap()));
        let first_event_at = row["firstEventAt"].as_u64().unwrap();
        let whole_secs = began_at.as_secs() * 1000;
        assert!((whole_secs..=delivered_at.as_millis()).contains(&first_event_at), "{row}");
        assert_eq!(row["lastEventAt"], delivered_at.as_millis());
    }
}
