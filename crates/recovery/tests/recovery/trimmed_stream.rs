//! A stream whose records are older than 24 hours, so that DynamoDB has deleted them.

use serde::Deserialize;
use serde_json::Value;
use support::json_api::{JsonApi, ServiceError, parse, serve};
use support::sdk_config;

/// The streams API of DynamoDB with one stream, of one shard, without records.
pub(super) struct TrimmedStream {
    endpoint_url: String,
}

impl TrimmedStream {
    pub(super) const ARN: &str =
        "arn:aws:dynamodb:eu-west-1:123456789012:table/image-packs/stream/2026-01-01T00:00:00.000";
    pub(super) const SHARD_ID: &str = "shardId-00000001764000000000-0a1b2c3d";

    pub(super) async fn start() -> Self {
        Self { endpoint_url: serve(Streams).await }
    }

    pub(super) fn client(&self) -> aws_sdk_dynamodbstreams::Client {
        aws_sdk_dynamodbstreams::Client::new(&sdk_config(&self.endpoint_url))
    }
}

struct Streams;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetShardIterator {
    stream_arn: String,
    shard_id: String,
    shard_iterator_type: String,
    sequence_number: Option<String>,
}

impl JsonApi for Streams {
    const TARGET: &str = "DynamoDBStreams_20120810";

    /// Responds to `GetShardIterator` as DynamoDB does: an unknown stream or shard is not found, and a record that is
    /// named and deleted is trimmed.
    async fn call(&self, operation: &str, request: Value) -> Result<Value, ServiceError> {
        if operation != "GetShardIterator" {
            return Err(ServiceError::unknown_operation(operation));
        }
        let request: GetShardIterator = parse(request)?;
        if request.stream_arn != TrimmedStream::ARN || request.shard_id != TrimmedStream::SHARD_ID {
            let message = format!("Requested resource not found: {} of {}", request.shard_id, request.stream_arn);
            return Err(ServiceError::new("ResourceNotFoundException", message));
        }
        match (request.shard_iterator_type.as_str(), request.sequence_number) {
            ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", Some(_)) => Err(ServiceError::new(
                "TrimmedDataAccessException",
                "The operation attempted to read past the oldest stream record in a shard.",
            )),
            _ => Err(ServiceError::new("ValidationException", "the test reads by sequence number")),
        }
    }
}
