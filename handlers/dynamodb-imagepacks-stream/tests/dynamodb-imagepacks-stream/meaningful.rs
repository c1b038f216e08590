//! The writes that are enqueued, and those that are not.

use domain::TenantId;
use dynamodb_imagepacks_stream::Handler;
use serde_json::{Value, json};
use support::Environment;

use super::event::{pack_with_original, record, record_of};
use super::{check_queued, deliver, nothing_failed};

/// [`pack_with_original`] with one attribute set.
fn pack_with(attribute: &str, value: Value) -> Value {
    let mut pack = pack_with_original("v1");
    pack[attribute] = value;
    pack
}

fn location(width: u32, generation: u64) -> Value {
    json!({"width": width, "height": 180, "fit": "cover", "generation": generation})
}

#[tokio::test]
async fn a_write_after_which_a_viewer_could_see_an_old_image_is_enqueued() {
    let environment = Environment::start().await;
    let pack = pack_with_original("v1");
    let cropped = json!({"main": {"original": {"key": "acme/p1/main", "version": "v1"},
                                  "crop": {"x": 1, "y": 0, "width": 9, "height": 9}}});
    for (situation, entity, old, new) in [
        ("an original replaced", "pack#p1", &pack, &pack_with_original("v2")),
        ("a crop moved", "pack#p1", &pack, &pack_with("imageLocations", cropped)),
        ("another main location", "pack#p1", &pack, &pack_with("mainImageLocation", json!("poster"))),
        ("a pack removed", "pack#p1", &pack, &Value::Null),
        ("a location forced", "location#main", &location(320, 1), &location(320, 2)),
    ] {
        let expected = format!("acme {entity}");
        check_queued(&environment, situation, record(1, entity, old, new), &[&expected]).await;
    }
}

#[tokio::test]
async fn any_other_write_is_not_enqueued() {
    let environment = Environment::start().await;
    let pack = pack_with_original("v1");
    for (situation, entity, old, new) in [
        ("another asset id", "pack#p1", &pack, &pack_with("assetId", json!("a2"))),
        ("another title", "pack#p1", &pack, &pack_with("title", json!("Late news"))),
        ("a new pack", "pack#p1", &Value::Null, &pack),
        ("a new location without force", "location#main", &Value::Null, &location(320, 0)),
        ("a location saved without force", "location#main", &location(320, 1), &location(640, 1)),
    ] {
        check_queued(&environment, situation, record(1, entity, old, new), &[]).await;
    }
}

#[tokio::test]
async fn the_first_image_of_a_pack_is_enqueued_where_the_tenant_has_an_existing_distribution() {
    let environment = Environment::start().await;
    let mut handler = Handler { enqueuer: environment.enqueuer() };
    handler.enqueuer.with_existing_distribution = [TenantId::parse("acme").unwrap()].into();
    let new = |tenant, number| record_of(tenant, number, "pack#p1", &Value::Null, &pack_with_original("v1"));
    assert_eq!(deliver(&handler, &[new("acme", 1), new("globex", 2)]).await, nothing_failed());
    let rows = environment.queue_rows().await;
    let rows: Vec<_> = rows.iter().map(|row| (&row["tenant"], &row["target"], &row["reasons"])).collect();
    assert_eq!(rows, [(&json!("acme"), &json!("pack#p1"), &json!(["first-image"]))]);
}

/// Each DynamoDB type but the string, which every other test has. Binary attributes are nothing that plain JSON has.
fn attribute_of_every_type(byte: &str) -> Value {
    json!({
        "binary": {"B": byte},
        "binaries": {"BS": [byte]},
        "number": {"N": "3.14159265358979323846264338327950288419"},
        "numbers": {"NS": ["1", "2.5"]},
        "strings": {"SS": ["a", "b"]},
        "nothing": {"NULL": true},
        "flag": {"BOOL": false},
        "list": {"L": [{"B": byte}, {"N": "1"}]},
        "map": {"M": {"inner": {"B": byte}}},
    })
}

/// `record` with `extra` attributes, as DynamoDB writes them, in one of its images.
fn with_attributes(mut record: Value, image: &str, extra: Value) -> Value {
    let Value::Object(extra) = extra else { panic!("attributes: {extra}") };
    record["dynamodb"][image].as_object_mut().unwrap().extend(extra);
    record
}

#[tokio::test]
async fn cosmetic_attributes_of_every_type_are_read_and_ignored() {
    let environment = Environment::start().await;
    let pack = pack_with_original("v1");
    let unchanged = record(1, "pack#p1", &pack, &pack);
    let unchanged = with_attributes(unchanged, "OldImage", attribute_of_every_type("AAEC"));
    let unchanged = with_attributes(unchanged, "NewImage", attribute_of_every_type("AwQF"));
    check_queued(&environment, "only cosmetic attributes", unchanged, &[]).await;

    let replaced = record(1, "pack#p1", &pack, &pack_with_original("v2"));
    let replaced = with_attributes(replaced, "NewImage", attribute_of_every_type("AwQF"));
    check_queued(&environment, "an original replaced besides", replaced, &["acme pack#p1"]).await;
}

#[tokio::test]
async fn a_number_that_differs_in_its_last_digit_only_has_changed() {
    let environment = Environment::start().await;
    let generation = |digits: &str| json!({"generation": {"N": digits}});
    let forced = record(1, "location#main", &location(320, 0), &location(320, 0));
    let forced = with_attributes(forced, "OldImage", generation("17640000000000000000000000000000000001"));
    let forced = with_attributes(forced, "NewImage", generation("17640000000000000000000000000000000002"));
    check_queued(&environment, "38 digits, as many as DynamoDB keeps", forced, &["acme location#main"]).await;
}
