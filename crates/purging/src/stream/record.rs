//! One record of a DynamoDB stream event, from Lambda's form into the domain's.

use aws_lambda_events::dynamodb::EventRecord;
use domain::change::attribute_value::{AttributeValue, Attributes};
use domain::change::detection::Record;
use domain::change::item_key::item_key;
use domain::{AttributeNames, Timestamp};
use serde_json::Value;

/// Reads one record: the change, when it was written, and its sequence number. `None`: the item belongs to another
/// program, whatever its attributes are. The error says what is wrong. A record that does not say when it was written
/// was written `now`.
pub fn parse(
    raw: &Value,
    names: &AttributeNames,
    now: Timestamp,
) -> Result<Option<(Record, Timestamp, String)>, String> {
    let keys = attributes(raw, "Keys")?.ok_or("not a DynamoDB stream record: it has no keys")?;
    let key = |name: &str| match keys.get(name) {
        None => Err(format!("the record's key attribute {name:?} is missing; check the configured attribute names")),
        Some(AttributeValue::S(text)) => Ok(Some(text.as_str())),
        Some(_) => Ok(None),
    };
    let Some((tenant, target)) = item_key(key(&names.tenant)?, key(&names.entity)?) else { return Ok(None) };
    let EventRecord { change, .. } =
        serde_json::from_value(raw.clone()).map_err(|error| format!("not a DynamoDB stream record: {error}"))?;
    let sequence = change.sequence_number.ok_or("the record has no sequence number")?;
    // Lambda's event type makes an absent time the Unix epoch.
    let written_at = match change.approximate_creation_date_time.timestamp_millis() {
        millis @ 1.. => Timestamp::from_millis(millis.unsigned_abs()),
        _ => now,
    };
    let image = |name| Ok::<_, String>(attributes(raw, name)?.map(|attributes| names.to_canonical(attributes)));
    let record = Record { tenant, target, old: image("OldImage")?, new: image("NewImage")? };
    Ok(Some((record, written_at, sequence)))
}

/// The sequence number of a record that may be otherwise unreadable. Empty, it makes the whole batch fail, which is
/// the only safe result for a record that cannot be identified.
pub(crate) fn sequence_number(raw: &Value) -> String {
    raw["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default().to_owned()
}

/// The keys or an image of the record. An item that exists has its key attributes at least.
fn attributes(raw: &Value, name: &str) -> Result<Option<Attributes>, String> {
    match &raw["dynamodb"][name] {
        Value::Object(attributes) if !attributes.is_empty() => serde_json::from_value(attributes.clone().into())
            .map_err(|error| format!("not a DynamoDB stream record: {name}: {error}")),
        _ => Ok(None),
    }
}
