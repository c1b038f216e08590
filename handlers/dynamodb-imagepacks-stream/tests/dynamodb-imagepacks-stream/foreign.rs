//! Records of other programs in the same table.

use dynamodb_imagepacks_stream::Handler;
use serde_json::{Value, json};
use support::{Environment, NOW, context};

use super::event::replaced;
use super::{deliver, nothing_failed};

/// Delivers a record with these keys between two good ones, and expects that the good ones are enqueued and nothing
/// else happens, whatever the item's attributes are.
async fn check(environment: &Environment, keys: Value) {
    for image in [json!({"text": {"S": "hi"}}), json!({"title": {"Z": "?"}}), Value::Null] {
        let mut foreign = replaced(2, "p2");
        foreign["dynamodb"]["Keys"] = keys.clone();
        foreign["dynamodb"]["OldImage"] = image.clone();
        foreign["dynamodb"]["NewImage"] = image;
        let records = [replaced(1, "p1"), foreign, replaced(3, "p3")];
        assert_eq!(deliver(&Handler { enqueuer: environment.enqueuer() }, &records).await, nothing_failed(), "{keys}");
        assert_eq!(environment.queued().await, ["acme pack#p1", "acme pack#p3"], "{keys}");
        assert_eq!(environment.dead_letters().await, Vec::<Value>::new(), "{keys}");
        environment.empty_the_queue().await;
    }
}

#[tokio::test]
async fn a_record_of_another_program_is_neither_enqueued_nor_a_dead_letter() {
    let environment = &Environment::start().await;
    for entity in ["order#9", "pack#p1#comment#7", "pack#", "pack#*", "pack#a/b", "location#a/b", "tenant", "PACK#p1"] {
        check(environment, json!({"tenant": {"S": "acme"}, "entity": {"S": entity}})).await;
    }
    for tenant in ["ACME", "Acme Corp.", "acme*", "acme/globex"] {
        check(environment, json!({"tenant": {"S": tenant}, "entity": {"S": "pack#p2"}})).await;
    }
    for key in [json!({"N": "7"}), json!({"B": "AAEC"})] {
        check(environment, json!({"tenant": key, "entity": {"S": "pack#p2"}})).await;
        check(environment, json!({"tenant": {"S": "acme"}, "entity": key})).await;
    }
}

#[tokio::test]
async fn a_record_whose_sort_key_has_several_parts_is_passed_over() {
    let environment = Environment::start().await;
    let event: Value = serde_json::from_str(include_str!("stream-composite-key.json")).unwrap();
    let handler = Handler { enqueuer: environment.enqueuer() };
    let response = handler.handle(&event, &context("delivery-1", NOW)).await;
    assert_eq!(serde_json::to_value(response).unwrap(), nothing_failed());
    assert_eq!(environment.queued().await, Vec::<String>::new());
    assert_eq!(environment.dead_letters().await, Vec::<Value>::new());
}
