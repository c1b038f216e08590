//! One record of a DynamoDB stream event, from Lambda's form into the domain's.

use aws_lambda_events::dynamodb::EventRecord;
use domain::Timestamp;
use domain::change_detection::{Image, Record};
use serde_json::Value;

/// Reads one record: the change, when it was written, and its sequence number. The error says what is wrong.
pub(crate) fn parse(raw: &Value) -> Result<(Record, Timestamp, String), String> {
    let record: EventRecord =
        serde_json::from_value(raw.clone()).map_err(|error| format!("not a DynamoDB stream record: {error}"))?;
    let change = record.change;
    let written_at = u64::try_from(change.approximate_creation_date_time.timestamp_millis()).unwrap_or_default();
    let sequence = change.sequence_number.ok_or("the record has no sequence number")?;
    let record = Record { keys: image(change.keys)?, old: present(change.old_image)?, new: present(change.new_image)? };
    Ok((record, Timestamp::from_millis(written_at), sequence))
}

/// The sequence number of a record that may be otherwise unreadable. Empty, it makes the whole batch fail, which is
/// what must happen when nobody can say which record it is.
pub(crate) fn sequence_number(raw: &Value) -> String {
    raw["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default().to_owned()
}

/// Lambda's event type makes an absent image an empty one; an item that exists has its key attributes at least.
fn present(item: serde_dynamo::Item) -> Result<Option<Image>, String> {
    let image = image(item)?;
    Ok((!image.is_empty()).then_some(image))
}

fn image(item: serde_dynamo::Item) -> Result<Image, String> {
    serde_dynamo::from_item(item).map_err(|error| format!("the record's attributes cannot be read: {error}"))
}
