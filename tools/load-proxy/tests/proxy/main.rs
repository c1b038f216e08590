//! The proxy in front of a service that echoes, with requests as the SDK sends them.
#![expect(clippy::unwrap_used, reason = "for tests: a proxy that does not respond ends the test that called it")]

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use load_proxy::{LoadFaults, LoadPlan};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A proxy and its client.
struct Proxy {
    url: String,
    client: reqwest::Client,
    faults: LoadFaults,
}

impl Proxy {
    /// A proxy of a service that responds with `{"echo": <body>, "host": <Host>}`, or to `BatchGetItem` with `read`.
    async fn start(read: Value) -> Self {
        let echo = move |headers: HeaderMap, body: Bytes| async move {
            let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
            match header("x-amz-target") {
                Some(target) if target.ends_with("BatchGetItem") => read.to_string(),
                _ => json!({"echo": String::from_utf8_lossy(&body), "host": header("host")}).to_string(),
            }
        };
        let (upstream, upstream_url) = listen().await;
        tokio::spawn(async move { axum::serve(upstream, Router::new().fallback(echo)).await });
        let (listener, url) = listen().await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, faults: load_proxy::serve(listener, upstream_url, client.clone()), client }
    }

    /// Calls DynamoDB. Returns the status, and the response's code of an error or else its body.
    async fn dynamodb(&self, operation: &str, body: Value) -> (u16, Value) {
        self.call(&format!("DynamoDB_20120810.{operation}"), body).await
    }

    async fn call(&self, target: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(&self.url).header("x-amz-target", target).body(body.to_string());
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().await.unwrap()).unwrap())
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

fn key(target: &str) -> Value {
    json!({"tenant": {"S": "acme"}, "target": {"S": target}})
}

/// A transaction that puts `put` and checks a condition of `checked`.
fn transaction(put: &str, checked: &str) -> Value {
    let mut item = key(put);
    item["other"] = json!({"N": "1"});
    json!({"TransactItems": [
        {"Put": {"TableName": "queue", "Item": item}},
        {"ConditionCheck": {"TableName": "queue", "Key": key(checked), "ConditionExpression": "…"}},
    ]})
}

#[tokio::test]
async fn without_a_plan_every_request_passes_unchanged() {
    let proxy = Proxy::start(json!({})).await;
    let (status, body) = proxy.dynamodb("PutItem", json!({"TableName": "queue"})).await;
    let host = proxy.url.strip_prefix("http://").unwrap();
    assert_eq!((status, body), (200, json!({"echo": r#"{"TableName":"queue"}"#, "host": host})));
    assert_eq!(proxy.faults.counts().calls, 0);
}

#[tokio::test]
async fn each_fault_is_answered_as_aws_words_it() {
    let proxy = Proxy::start(json!({})).await;
    let throttled = LoadPlan { throttled_per_mille: 1_000, ..LoadPlan::default() };
    let conflicting = LoadPlan { conflicts_per_mille: 1_000, ..LoadPlan::default() };
    let write = json!({"TableName": "queue", "Key": key("a")});
    let cases = [
        (&throttled, "DynamoDB_20120810.GetItem", write.clone(), "ProvisionedThroughputExceededException"),
        (&throttled, "DynamoDB_20120810.UpdateItem", write.clone(), "ThrottlingException"),
        (&throttled, "DynamoDB_20120810.TransactWriteItems", transaction("a", "b"), "[ThrottlingError, None]"),
        (&throttled, "AmazonSSM.GetParameter", json!({"Name": "/tenants/acme"}), "ThrottlingException"),
        (&conflicting, "DynamoDB_20120810.DeleteItem", write, "TransactionConflictException"),
        (&conflicting, "DynamoDB_20120810.TransactWriteItems", transaction("a", "b"), "[None, TransactionConflict]"),
    ];
    for (plan, target, body, expected) in cases {
        proxy.faults.inject(plan.clone());
        let (status, answer) = proxy.call(target, body).await;
        assert_eq!(status, 400, "{target}");
        assert!(answer.to_string().contains(expected), "{target}: {answer}");
    }
    proxy.faults.stop();
    assert_eq!(proxy.dynamodb("GetItem", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_denied_call_of_cloudfront_is_403_and_other_distributions_pass() {
    let proxy = Proxy::start(json!({})).await;
    let only = Some("E1".to_owned());
    proxy.faults.inject(LoadPlan { denied_per_mille: 1_000, only, ..LoadPlan::default() });
    let invalidate = async |id: &str| {
        let url = format!("{}/2020-05-31/distribution/{id}/invalidation", proxy.url);
        let response = proxy.client.post(url).body("<InvalidationBatch/>").send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let (status, body) = invalidate("E1").await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>AccessDenied</Code>") && body.contains("cloudfront:CreateInvalidation"), "{body}");
    assert_eq!(invalidate("E2").await.0, 200);
}

#[tokio::test]
async fn the_second_half_of_the_keys_stays_unprocessed_and_is_not_in_the_response() {
    let item = |target| {
        let mut item = key(target);
        item["size"] = json!({"N": "1"});
        item
    };
    let read = json!({"Responses": {"queue": [item("c"), item("a"), item("b")]}, "UnprocessedKeys": {}});
    let proxy = Proxy::start(read).await;
    proxy.faults.inject(LoadPlan { unprocessed_per_mille: 1_000, ..LoadPlan::default() });
    let keys = json!({"ConsistentRead": true, "Keys": [key("a"), key("b"), key("c")]});
    let (_, response) = proxy.dynamodb("BatchGetItem", json!({"RequestItems": {"queue": keys}})).await;
    assert_eq!(response["Responses"]["queue"], json!([item("a")]));
    let left = json!({"ConsistentRead": true, "Keys": [key("b"), key("c")]});
    assert_eq!(response["UnprocessedKeys"]["queue"], left);

    let one = json!({"RequestItems": {"queue": {"Keys": [key("a")]}}});
    let (_, response) = proxy.dynamodb("BatchGetItem", one.clone()).await;
    assert_eq!(response["UnprocessedKeys"], one["RequestItems"], "one key is never read");

    let write = json!({"RequestItems": {"queue": [{"PutRequest": {"Item": item("a")}}]}});
    let (_, response) = proxy.dynamodb("BatchWriteItem", write.clone()).await;
    assert_eq!(response, json!({"UnprocessedItems": write["RequestItems"]}));
}

#[tokio::test]
async fn a_call_that_overlaps_with_a_transaction_on_one_item_conflicts() {
    let write = |target| json!({"TableName": "queue", "Key": key(target)});
    let cases = [
        ("TransactWriteItems", transaction("b", "lease"), Some("[None, TransactionConflict]")),
        ("TransactWriteItems", transaction("lease", "c"), Some("[TransactionConflict, None]")),
        ("TransactWriteItems", transaction("a", "c"), Some("[TransactionConflict, None]")),
        ("UpdateItem", write("lease"), Some("TransactionConflictException")),
        ("DeleteItem", write("a"), Some("TransactionConflictException")),
        ("TransactWriteItems", transaction("b", "c"), None),
        ("UpdateItem", write("b"), None),
        ("GetItem", write("lease"), None),
    ];
    for (operation, body, expected) in cases {
        let proxy = Proxy::start(json!({})).await;
        proxy.faults.watch_transactions(true);
        proxy.faults.inject(LoadPlan { transaction_lasts: Duration::from_millis(200), ..LoadPlan::default() });
        let ongoing = proxy.dynamodb("TransactWriteItems", transaction("a", "lease"));
        let (ongoing, (_, answer)) = tokio::join!(ongoing, async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            proxy.dynamodb(operation, body.clone()).await
        });
        assert_eq!(ongoing.0, 200, "the earlier one is carried out");
        let is_rejected = answer.get("echo").is_none();
        assert_eq!(is_rejected, expected.is_some(), "{operation} {body}: {answer}");
        assert!(answer.to_string().contains(expected.unwrap_or_default()), "{operation} {body}: {answer}");
        // It is no longer ongoing.
        assert_eq!(proxy.dynamodb("UpdateItem", write("lease")).await.0, 200);
    }
}

#[tokio::test]
async fn a_plan_hits_the_configured_share_of_calls_and_the_same_ones_for_the_same_seed() {
    let proxy = Proxy::start(json!({})).await;
    let statuses = async |seed| {
        proxy.faults.inject(LoadPlan { throttled_per_mille: 250, seed, ..LoadPlan::default() });
        let mut statuses = Vec::new();
        for _ in 0..400 {
            statuses.push(proxy.dynamodb("GetItem", json!({})).await.0);
        }
        statuses
    };
    let first = statuses(1).await;
    let hit = first.iter().filter(|status| **status == 400).count();
    assert!((70..=130).contains(&hit), "{hit} of 400");
    assert_eq!(statuses(1).await, first);
    assert_ne!(statuses(2).await, first);
}
