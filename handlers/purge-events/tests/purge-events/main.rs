//! `purge-events`: from the stream of the purge ledger to the event bus.

use aws_adapters::event_bus::EventBus;
use purge_events::Handler;
use serde_json::{Value, json};
use support::{EVENT_BUS, LocalEventBridge};

/// The time of the completion, in milliseconds since 1970.
const COMPLETED_AT: u64 = 1_795_694_409_000;

fn handler(bridge: &LocalEventBridge, bus: &str) -> Handler<EventBus> {
    Handler { bus: EventBus::new(bridge.client(), bus.to_owned()), environment: "dev".to_owned() }
}

/// A row of the ledger in the stream's form: the purge of `pack`.
fn row(pack: &str, completed_at: Option<u64>) -> Value {
    let mut row = json!({
        "tenant": {"S": "acme"},
        "purge": {"S": format!("pack#{pack}#1795694400000#final#c1")},
        "target": {"S": format!("pack#{pack}")},
        "reasons": {"L": [{"S": "image-locations-changed"}, {"S": "manual"}]},
        "requestedBy": {"L": [{"S": "admin:ada"}, {"S": "stream"}]},
        "firstEventAt": {"N": "1795694399000"},
        "changes": {"N": "2"},
        "version": {"S": "111@request-1"},
        "enqueuedAt": {"N": "1795694400000"},
        "startedAt": {"N": "1795694407000"},
        "createdAt": {"N": "1795694407500"},
        "isFinal": {"BOOL": true},
        "variantsDeleted": {"N": "0"},
        "distributionId": {"S": "E1"},
        "invalidationId": {"S": "I1"},
        "invalidationStatus": {"S": "InProgress"},
        "expiresAt": {"N": "1803470407"},
    });
    if let Some(completed_at) = completed_at {
        row["invalidationStatus"] = json!({"S": "Completed"});
        row["completedAt"] = json!({"N": completed_at.to_string()});
    }
    row
}

fn record(sequence: &str, old: Option<Value>, new: Option<Value>) -> Value {
    let mut dynamodb = json!({"SequenceNumber": sequence, "Keys": {"tenant": {"S": "acme"}}});
    for (name, image) in [("OldImage", old), ("NewImage", new)] {
        if let Some(image) = image {
            dynamodb[name] = image;
        }
    }
    json!({"eventSource": "aws:dynamodb", "dynamodb": dynamodb})
}

fn completion(sequence: &str, pack: &str) -> Value {
    record(sequence, Some(row(pack, None)), Some(row(pack, Some(COMPLETED_AT))))
}

/// Delivers `records`, and returns the sequence numbers that are delivered again.
async fn deliver(handler: &Handler<EventBus>, records: &[Value]) -> Vec<String> {
    let response = handler.handle(&json!({"Records": records}), "delivery-1").await;
    response.batch_item_failures.into_iter().filter_map(|failure| failure.item_identifier).collect()
}

/// The packs whose purges were published, of each call.
fn published(bridge: &LocalEventBridge) -> Vec<Vec<String>> {
    let packs = |call: &Vec<Value>| call.iter().map(|entry| entry["Detail"]["target"].to_string()).collect();
    bridge.calls().iter().map(packs).collect()
}

#[tokio::test]
async fn a_completed_purge_is_an_event_with_target_reasons_and_times_and_no_requester() {
    let bridge = LocalEventBridge::start().await;
    assert!(deliver(&handler(&bridge, EVENT_BUS), &[completion("1", "cat")]).await.is_empty());
    let expected = json!({
        "Source": "image-service",
        "DetailType": "Purge Completed",
        "Time": 1_795_694_409.0,
        "Detail": {
            "environment": "dev",
            "tenant": "acme",
            "purge": "pack#cat#1795694400000#final#c1",
            "target": "pack#cat",
            "isFinal": true,
            "reasons": ["image-locations-changed", "manual"],
            "firstEventAt": "2026-11-26T11:59:59Z",
            "enqueuedAt": "2026-11-26T12:00:00Z",
            "startedAt": "2026-11-26T12:00:07Z",
            "completedAt": "2026-11-26T12:00:09Z",
            "distributionId": "E1",
            "invalidationId": "I1",
            "correlationId": "111@request-1",
        },
    });
    assert_eq!(bridge.calls(), [[expected]]);
}

#[tokio::test]
async fn only_the_write_that_completes_a_purge_is_an_event() {
    let bridge = LocalEventBridge::start().await;
    let completed = || Some(row("cat", Some(COMPLETED_AT)));
    let mut deleted = row("cat", Some(COMPLETED_AT));
    deleted["variantsDeleted"] = json!({"N": "3"});
    let records = [
        record("1", None, Some(row("cat", None))),
        record("2", Some(row("cat", None)), Some(row("cat", None))),
        record("3", completed(), Some(deleted)),
        record("4", completed(), None),
    ];
    assert!(deliver(&handler(&bridge, EVENT_BUS), &records).await.is_empty());
    assert!(bridge.calls().is_empty());
    // A restored row, and one that was written again and completed again.
    let again = [record("5", None, completed()), completion("6", "cat")];
    assert!(deliver(&handler(&bridge, EVENT_BUS), &again).await.is_empty());
    assert_eq!(published(&bridge), [[r#""pack#cat""#, r#""pack#cat""#]]);
}

#[tokio::test]
async fn a_record_that_is_no_row_of_the_ledger_delays_no_other() {
    let bridge = LocalEventBridge::start().await;
    let mut without_target = row("cat", Some(COMPLETED_AT));
    without_target["target"] = json!({"S": "asset#1"});
    let records = [json!({}), record("1", None, Some(without_target)), completion("2", "dog")];
    assert!(deliver(&handler(&bridge, EVENT_BUS), &records).await.is_empty());
    assert_eq!(published(&bridge), [[r#""pack#dog""#]]);
    assert!(deliver(&handler(&bridge, EVENT_BUS), &[]).await.is_empty());
}

#[tokio::test]
async fn a_large_batch_is_published_in_calls_of_ten() {
    let bridge = LocalEventBridge::start().await;
    let records: Vec<_> = (0..23).map(|number| completion(&number.to_string(), &format!("p{number}"))).collect();
    assert!(deliver(&handler(&bridge, EVENT_BUS), &records).await.is_empty());
    assert_eq!(published(&bridge).iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
}

#[tokio::test]
async fn an_event_that_fails_is_delivered_again_unless_the_bus_rejects_it_for_good() {
    for (code, expected) in [
        ("ThrottlingException", Some("2")),
        ("InternalFailure", Some("2")),
        ("AccessDeniedException", Some("2")),
        ("MalformedDetail", None),
    ] {
        let bridge = LocalEventBridge::start().await;
        bridge.reject("pack#dog", code);
        let records = [completion("1", "cat"), completion("2", "dog"), completion("3", "hen")];
        let again = deliver(&handler(&bridge, EVENT_BUS), &records).await;
        assert_eq!(again, expected.into_iter().collect::<Vec<_>>(), "{code}");
        assert_eq!(published(&bridge), [[r#""pack#cat""#, r#""pack#hen""#]], "{code}");
    }
}

#[tokio::test]
async fn without_the_bus_everything_is_delivered_again() {
    let bridge = LocalEventBridge::start().await;
    let again = deliver(&handler(&bridge, "another"), &[completion("1", "cat"), completion("2", "dog")]).await;
    assert_eq!(again, ["1"]);
}
