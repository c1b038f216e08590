//! One record of a DynamoDB stream event, from Lambda's form into the domain's.

use aws_lambda_events::dynamodb::EventRecord;
use domain::change::detection::{Record, StreamImage};
use domain::{AttributeNames, Timestamp};
use serde_json::Value;

/// Reads one record: the change, when it was written, and its sequence number. The error says what is wrong. A record
/// that does not say when it was written was written `now`.
pub(crate) fn parse(
    raw: &Value,
    names: &AttributeNames,
    now: Timestamp,
) -> Result<(Record, Timestamp, String), String> {
    let EventRecord { change, .. } =
        serde_json::from_value(raw.clone()).map_err(|error| format!("not a DynamoDB stream record: {error}"))?;
    let sequence = change.sequence_number.ok_or("the record has no sequence number")?;
    // Lambda's event type makes an absent time the Unix epoch.
    let written_at = match change.approximate_creation_date_time.timestamp_millis() {
        millis @ 1.. => Timestamp::from_millis(millis.unsigned_abs()),
        _ => now,
    };
    let image = |name| image(raw, name).map(|image| names.to_canonical(image));
    let record = Record { keys: names.to_canonical(keys(raw)), old: image("OldImage"), new: image("NewImage") };
    Ok((record, written_at, sequence))
}

/// The sequence number of a record that may be otherwise unreadable. Empty, it makes the whole batch fail, which is
/// what must happen when nobody can say which record it is.
pub(crate) fn sequence_number(raw: &Value) -> String {
    raw["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default().to_owned()
}

/// The key attributes as plain strings; one that is not a string is `null`.
fn keys(raw: &Value) -> StreamImage {
    let keys = raw["dynamodb"]["Keys"].as_object().into_iter().flatten();
    keys.map(|(name, attribute)| (name.clone(), attribute["S"].clone())).collect()
}

/// An image as DynamoDB writes it (`{"S": "main"}`), in which every change shows: plain JSON has no binary values, and
/// its numbers lose digits that DynamoDB's have. An item that exists has its key attributes at least.
fn image(raw: &Value, name: &str) -> Option<StreamImage> {
    raw["dynamodb"][name].as_object().filter(|image| !image.is_empty()).cloned()
}
