//! Reads the stream records of a batch that Lambda could not deliver.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::time::Duration;

use aws_adapters::sdk_error;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodbstreams::primitives::Blob;
use aws_sdk_dynamodbstreams::types::{AttributeValue, Record, ShardIteratorType};
use purging::ports::CallError;
use serde_json::{Value, json};

use crate::dead_letter::Range;

/// Records in one page, the default batch size of an event source mapping.
const RECORDS_PER_PAGE: i32 = 100;

/// Maximum number of consecutive empty pages. A shard with gaps returns some.
const EMPTY_PAGES_MAX: u32 = 50;

/// The pause after an empty page: a shard serves five reads per second.
const EMPTY_PAGE_PAUSE: Duration = Duration::from_millis(200);

/// A failure to read a range.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RangeError {
    /// The stream no longer has all records of the range.
    #[error("the stream no longer has all records of the batch ({0}); it keeps records for 24 hours")]
    Expired(String),
    /// A call of DynamoDB failed.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// A reader of a range, page by page.
#[derive(Debug)]
pub(crate) struct RangeReader<'a> {
    client: &'a Client,
    range: &'a Range,
    /// The iterator of the next page; `None` at the end of the shard.
    iterator: Option<String>,
    has_begun: bool,
    has_ended: bool,
}

impl<'a> RangeReader<'a> {
    /// Opens a range at its first record.
    pub(crate) async fn open(client: &'a Client, range: &'a Range) -> Result<Self, RangeError> {
        let get = client.get_shard_iterator().stream_arn(&range.stream_arn).shard_id(&range.shard_id);
        let at_start = get.shard_iterator_type(ShardIteratorType::AtSequenceNumber);
        let found = at_start.sequence_number(&range.start_sequence_number).send().await;
        let iterator = found.map_err(|error| failed(range, error))?.shard_iterator;
        Ok(Self { client, range, iterator, has_begun: false, has_ended: false })
    }

    /// Returns the next records in the form of Lambda's event; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Value>>, RangeError> {
        let mut empty_pages = 0;
        while !self.has_ended {
            let expired = |why: &str| Err(RangeError::Expired(why.to_owned()));
            let Some(iterator) = self.iterator.take() else { return expired("the shard ends before its last record") };
            if empty_pages == EMPTY_PAGES_MAX {
                return expired("the shard returns no further records");
            }
            let get = self.client.get_records().shard_iterator(iterator).limit(RECORDS_PER_PAGE);
            let page = get.send().await.map_err(|error| failed(self.range, error))?;
            self.iterator = page.next_shard_iterator;
            let records = self.covered(page.records.unwrap_or_default())?;
            if !records.is_empty() {
                return Ok(Some(records));
            }
            empty_pages += 1;
            tokio::time::sleep(EMPTY_PAGE_PAUSE).await;
        }
        Ok(None)
    }

    /// The records that are in the range.
    fn covered(&mut self, records: Vec<Record>) -> Result<Vec<Value>, RangeError> {
        let mut covered = Vec::new();
        for record in records {
            if self.has_ended {
                break;
            }
            let number = record.dynamodb.as_ref().and_then(|change| change.sequence_number.clone()).unwrap_or_default();
            if !self.has_begun && order(&number, &self.range.start_sequence_number).is_ne() {
                return Err(RangeError::Expired("the first record is missing".to_owned()));
            }
            self.has_begun = true;
            match order(&number, &self.range.end_sequence_number) {
                Ordering::Less => {}
                Ordering::Equal => self.has_ended = true,
                Ordering::Greater => return Err(RangeError::Expired("the last record is missing".to_owned())),
            }
            covered.push(as_lambda_delivers(record, &self.range.stream_arn));
        }
        Ok(covered)
    }
}

/// Compares two sequence numbers numerically; they exceed every integer type.
fn order(one: &str, other: &str) -> Ordering {
    let [one, other] = [one, other].map(|number| number.trim_start_matches('0'));
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

fn failed<E, R>(range: &Range, error: SdkError<E, R>) -> RangeError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match error.code() {
        // The record, the shard or the stream no longer exists.
        Some(code @ ("TrimmedDataAccessException" | "ResourceNotFoundException")) => {
            RangeError::Expired(error.message().unwrap_or(code).to_owned())
        }
        _ => sdk_error(format!("reading shard {} of {}", range.shard_id, range.stream_arn), error).into(),
    }
}

/// Converts a record of the streams API to the form of Lambda's event. See "Example DynamoDB event" in the Lambda
/// developer guide.
pub(crate) fn as_lambda_delivers(record: Record, stream_arn: &str) -> Value {
    let Record { event_id, event_name, event_version, event_source, aws_region, dynamodb, .. } = record;
    let mut change = json!({});
    if let Some(dynamodb) = dynamodb {
        change["ApproximateCreationDateTime"] =
            json!(dynamodb.approximate_creation_date_time.map(|time| time.as_secs_f64()));
        change["SequenceNumber"] = json!(dynamodb.sequence_number);
        change["SizeBytes"] = json!(dynamodb.size_bytes);
        change["StreamViewType"] = json!(dynamodb.stream_view_type.map(|kind| kind.as_str().to_owned()));
        let images = [("Keys", dynamodb.keys), ("OldImage", dynamodb.old_image), ("NewImage", dynamodb.new_image)];
        for (name, image) in images.into_iter().filter_map(|(name, image)| Some((name, image?))) {
            change[name] = attributes(image);
        }
    }
    json!({
        "eventID": event_id,
        "eventName": event_name.map(|name| name.as_str().to_owned()),
        "eventVersion": event_version,
        "eventSource": event_source,
        "awsRegion": aws_region,
        "dynamodb": change,
        "eventSourceARN": stream_arn,
    })
}

fn attributes(image: HashMap<String, AttributeValue>) -> Value {
    image.into_iter().map(|(name, value)| (name, attribute(value))).collect()
}

fn attribute(value: AttributeValue) -> Value {
    match value {
        AttributeValue::B(bytes) => json!(serde_dynamo::AttributeValue::B(bytes.into_inner())),
        AttributeValue::Bool(is) => json!({"BOOL": is}),
        AttributeValue::Bs(set) => {
            json!(serde_dynamo::AttributeValue::Bs(set.into_iter().map(Blob::into_inner).collect()))
        }
        AttributeValue::L(list) => json!({"L": list.into_iter().map(attribute).collect::<Vec<_>>()}),
        AttributeValue::M(map) => json!({"M": attributes(map)}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::Ns(set) => json!({"NS": set}),
        AttributeValue::Null(is) => json!({"NULL": is}),
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::Ss(set) => json!({"SS": set}),
        // An attribute type that this SDK does not know: the stream handler rejects the record as unreadable.
        _ => json!({"?": null}),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodbstreams::primitives::DateTime;
    use aws_sdk_dynamodbstreams::types::{OperationType, StreamRecord, StreamViewType};

    use super::*;

    #[test]
    fn a_record_is_converted_to_the_form_of_lambdas_event() {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let blob = || Blob::new([0, 1, 2]);
        let change = StreamRecord::builder()
            .approximate_creation_date_time(DateTime::from_secs(1_764_000_000))
            .keys("tenant", text("acme"))
            .new_image("binary", AttributeValue::B(blob()))
            .new_image("binaries", AttributeValue::Bs(vec![blob()]))
            .new_image("list", AttributeValue::L(vec![AttributeValue::Bool(true), AttributeValue::Null(true)]))
            .new_image("map", AttributeValue::M([("key".to_owned(), text("value"))].into()))
            .new_image("number", AttributeValue::N("12345678901234567890.5".to_owned()))
            .new_image("numbers", AttributeValue::Ns(vec!["1".to_owned()]))
            .new_image("texts", AttributeValue::Ss(vec!["a".to_owned()]))
            .sequence_number("800000000003126276362")
            .size_bytes(26)
            .stream_view_type(StreamViewType::NewAndOldImages)
            .build();
        let record = Record::builder().event_id("1").event_name(OperationType::Insert).event_version("1.1");
        let record = record.event_source("aws:dynamodb").aws_region("eu-west-1").dynamodb(change).build();
        let expected = json!({
            "eventID": "1",
            "eventName": "INSERT",
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": "eu-west-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_764_000_000.0,
                "Keys": {"tenant": {"S": "acme"}},
                "NewImage": {
                    "binary": {"B": "AAEC"},
                    "binaries": {"BS": ["AAEC"]},
                    "list": {"L": [{"BOOL": true}, {"NULL": true}]},
                    "map": {"M": {"key": {"S": "value"}}},
                    "number": {"N": "12345678901234567890.5"},
                    "numbers": {"NS": ["1"]},
                    "texts": {"SS": ["a"]},
                },
                "SequenceNumber": "800000000003126276362",
                "SizeBytes": 26,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
            "eventSourceARN": "arn",
        });
        assert_eq!(as_lambda_delivers(record, "arn"), expected);
    }

    #[test]
    fn sequence_numbers_are_compared_as_numbers() {
        for (one, other, expected) in [
            ("9", "10", Ordering::Less),
            ("010", "9", Ordering::Greater),
            ("0010", "10", Ordering::Equal),
            ("9999999999999999999999999999999999999998", "9999999999999999999999999999999999999999", Ordering::Less),
        ] {
            assert_eq!(order(one, other), expected, "{one} and {other}");
        }
    }
}
