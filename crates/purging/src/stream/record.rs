//! One record of a DynamoDB stream event, from Lambda's form into the domain's.

use aws_lambda_events::dynamodb::EventRecord;
use domain::change::attribute_value::Attributes;
use domain::change::detection::Record;
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
    let attributes = |name| Ok::<_, String>(attributes(raw, name)?.map(|attributes| names.to_canonical(attributes)));
    let keys = attributes("Keys")?.unwrap_or_default();
    let record = Record { keys, old: attributes("OldImage")?, new: attributes("NewImage")? };
    Ok((record, written_at, sequence))
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

#[cfg(test)]
mod tests {
    use domain::{AttributeNames, Timestamp};
    use serde_json::json;

    #[test]
    fn a_record_whose_sort_key_has_several_parts_is_passed_over() {
        let keys = json!({"tenant": {"S": "acme"}, "entity": {"S": "pack#p1#comment#7"}});
        let mut new = keys.clone();
        new["text"] = json!({"S": "hi"});
        let raw = json!({
            "awsRegion": "eu-west-1",
            "eventID": "1",
            "eventName": "MODIFY",
            "eventSource": "aws:dynamodb",
            "eventVersion": "1.1",
            "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/packs/stream/1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_764_000_000.0,
                "Keys": keys,
                "OldImage": keys,
                "NewImage": new,
                "SequenceNumber": "100000000000000000001",
                "SizeBytes": 1,
                "StreamViewType": "NEW_AND_OLD_IMAGES",
            },
        });
        assert_eq!(crate::stream::read(&raw, &AttributeNames::default(), Timestamp::from_millis(0)), Ok(None));
    }
}
