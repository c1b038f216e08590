//! Records of the image-pack table's stream.

use std::collections::BTreeSet;

use bolero::check;
use bolero::generator::{one_value_of, produce};
use domain::{AttributeNames, Timestamp};
use fuzz::{ITERATIONS, Mutations, mutated};
use purging::stream::{Decision, read};
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

/// A write of each kind that is meaningful, and one that is not.
fn records() -> Vec<Value> {
    let original = |version: &str| json!({"M": {"key": {"S": "acme/p1/main/1"}, "version": {"S": version}}});
    let pack = |version: &str| {
        json!({
            "tenant": {"S": "acme"},
            "entity": {"S": "pack#p1"},
            "imageLocations": {"M": {"main": {"M": {"original": original(version)}}}},
            "mainImageLocation": {"S": "main"},
            "title": {"S": "Evening news"},
        })
    };
    let location =
        |forced: &str| json!({"tenant": {"S": "acme"}, "entity": {"S": "location#main"}, "generation": {"N": forced}});
    let removed = json!({"OldImage": pack("1")});
    let replaced = json!({"OldImage": pack("1"), "NewImage": pack("2")});
    let forced = json!({"OldImage": location("1"), "NewImage": location("2")});
    let new = json!({"NewImage": pack("1")});
    [("pack#p1", removed), ("pack#p1", replaced), ("location#main", forced), ("pack#p1", new)]
        .into_iter()
        .map(|(entity, mut change)| {
            change["Keys"] = json!({"tenant": {"S": "acme"}, "entity": {"S": entity}});
            change["SequenceNumber"] = json!("100000000000000000001");
            change["ApproximateCreationDateTime"] = json!(1_764_000_000.5);
            change["SizeBytes"] = json!(59);
            change["StreamViewType"] = json!("NEW_AND_OLD_IMAGES");
            json!({
                "awsRegion": "eu-west-1",
                "dynamodb": change,
                "eventID": "1",
                "eventName": "MODIFY",
                "eventSource": "aws:dynamodb",
                "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/packs/stream/1",
                "eventVersion": "1.1",
            })
        })
        .collect()
}

#[test]
fn a_record_is_parsed_or_rejected_with_a_reason_and_never_purges_another_tenant() {
    let records = records();
    let input = (one_value_of([0_usize, 1, 2, 3]), produce::<Mutations>());
    let names = AttributeNames::default();
    // Without mutations, the records pass every check.
    let read = |raw: &Value| read(raw, &names, &BTreeSet::new(), NOW);
    let are_meaningful =
        records.iter().map(|record| read(record).map(|decision| matches!(decision, Decision::Meaningful(_))));
    assert_eq!(are_meaningful.collect::<Vec<_>>(), [Ok(true), Ok(true), Ok(true), Ok(false)]);
    check!().with_iterations(ITERATIONS).with_generator(input).for_each(|&(record, mutations)| {
        let raw = mutated(&records[record], mutations);
        match read(&raw) {
            Ok(Decision::NotMeaningful | Decision::Foreign) => {}
            Ok(Decision::Meaningful(event)) => {
                let key = |name: &str| raw["dynamodb"]["Keys"][name]["S"].as_str().unwrap_or_default().to_owned();
                assert_eq!(event.change.tenant.as_str(), key("tenant"), "{raw}");
                assert_eq!(event.change.target.to_string(), key("entity"), "{raw}");
                assert!(!event.change.reasons.is_empty(), "{raw}");
            }
            Err(reason) => assert!(!reason.is_empty(), "{raw}"),
        }
    });
}

#[test]
fn an_input_that_is_not_a_record_is_rejected() {
    check!().with_iterations(ITERATIONS).with_type::<(u8, String)>().for_each(|(kind, text)| {
        let raw = match kind % 4 {
            0 => json!(text),
            1 => json!([text]),
            2 => json!({"dynamodb": text}),
            _ => serde_json::from_str(text).unwrap_or(Value::Null),
        };
        assert!(read(&raw, &AttributeNames::default(), &BTreeSet::new(), NOW).is_err(), "{raw}");
    });
}
