//! Stream records as Lambda delivers them.

use serde_dynamo::Item;
use serde_json::{Value, json};

/// The time of the writes: two seconds before they are delivered. DynamoDB states whole seconds.
pub(super) const WRITTEN_AT_SECS: u64 = support::NOW.as_secs() - 2;

/// The sequence number of the `number`th record.
pub(super) fn sequence(number: u32) -> String {
    (4_421_584_500_000_000_017_450_439_000_u128 + u128::from(number)).to_string()
}

/// The record of one write to `entity` of `acme`: the item's attributes before and after it, without the keys. `null`
/// stands for "no item".
pub(super) fn record(number: u32, entity: &str, old: &Value, new: &Value) -> Value {
    record_of("acme", number, entity, old, new)
}

/// The record of one write to `entity` of `tenant`.
pub(super) fn record_of(tenant: &str, number: u32, entity: &str, old: &Value, new: &Value) -> Value {
    let keys = json!({"tenant": tenant, "entity": entity});
    let mut change = json!({
        "ApproximateCreationDateTime": WRITTEN_AT_SECS,
        "Keys": attributes(&keys),
        "SequenceNumber": sequence(number),
        "SizeBytes": 300,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, image) in [("OldImage", old), ("NewImage", new)] {
        if let Value::Object(attributes_of_image) = image {
            let mut item = keys.as_object().cloned().unwrap_or_default();
            item.extend(attributes_of_image.clone());
            change[name] = attributes(&Value::Object(item));
        }
    }
    let event_name = match (old, new) {
        (Value::Null, _) => "INSERT",
        (_, Value::Null) => "REMOVE",
        _ => "MODIFY",
    };
    json!({
        "eventID": format!("{number:032x}"),
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/image-packs/stream/2026-11-22T00:00:00.000",
    })
}

/// The record of a write that replaced the original of pack `pack`.
pub(super) fn replaced(number: u32, pack: &str) -> Value {
    record(number, &format!("pack#{pack}"), &pack_with_original("v1"), &pack_with_original("v2"))
}

/// The record of a write to pack `p2` that cannot be read, because the stream has no images.
pub(super) fn malformed(number: u32) -> Value {
    record(number, "pack#p2", &Value::Null, &Value::Null)
}

/// The attributes of a pack whose main image is version `version` of its original.
pub(super) fn pack_with_original(version: &str) -> Value {
    json!({
        "imageLocations": {"main": {"original": {"key": "acme/p1/main", "version": version}}},
        "mainImageLocation": "main",
        "assetId": "a1",
        "title": "Evening news",
    })
}

/// Plain JSON as DynamoDB writes it: `"a"` becomes `{"S": "a"}`.
fn attributes(plain: &Value) -> Value {
    let item: Item = serde_dynamo::to_item(plain).unwrap();
    serde_json::to_value(item).unwrap()
}
