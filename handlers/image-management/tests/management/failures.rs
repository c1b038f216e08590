//! Failures behind the API: 502 without internal details, and no partial change.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_adapters::managed_items::ManagedItems;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use domain::AttributeNames;
use image_management::Handler;
use serde_json::json;

use crate::request::{ApiRequest, ApiResponse};
use crate::service::{Service, context, items, png};

fn put() -> ApiRequest {
    ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(10, 10))
}

#[tokio::test]
async fn an_aws_service_that_does_not_respond_changes_nothing() {
    let service = Service::with_cat().await;
    let before = (service.items().await, service.objects().await);
    let nowhere = support::sdk_config("http://127.0.0.1:1");
    let s3 = aws_sdk_s3::Client::new(&nowhere);
    let table = aws_sdk_dynamodb::Client::new(&nowhere);
    let items = ManagedItems::new(table, "image-packs".to_owned(), AttributeNames::default());
    let confirm = "/imagePacks/cat/imageLocations/main/uploads/550e8400-e29b-41d4-a716-446655440000/confirm";
    for (handler, request) in [
        (Handler { items: items.clone(), ..service.handler.clone() }, put()),
        (Handler { items, ..service.handler.clone() }, ApiRequest::new("GET", "/imagePacks")),
        (
            Handler { originals: OriginalsBucket::new(s3.clone(), "originals".to_owned()), ..service.handler.clone() },
            put(),
        ),
        (
            Handler { uploads: UploadArea::new(s3, "originals".to_owned()), ..service.handler.clone() },
            ApiRequest::new("POST", confirm),
        ),
    ] {
        let response = ApiResponse::of(&handler.handle(&request.into_lambda(), &context("request-1")).await);
        response.check_error(502, "unavailable", "Send the request again");
    }
    assert_eq!((service.items().await, service.objects().await), before);
}

#[tokio::test]
async fn an_original_whose_pack_cannot_be_written_is_deleted() {
    let service = Service::with_cat().await;
    // So large that DynamoDB, whose limit is 400 KB, rejects further writes to it.
    let ballast = "x".repeat(409_500);
    service.put_item("pack#cat", json!({"imageLocations": {}, "title": "A cat", "ballast": ballast})).await;
    let bulk = "y".repeat(500);
    let title = ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"title": bulk}));
    service.check_rejected(title, 422, "item-rejected", "400 KB").await;
    service.check_rejected(put(), 422, "item-rejected", "400 KB").await;
}

/// A client of the table whose first `lost` writes succeed and respond with an error.
async fn losing_responses(service: &Service, lost: usize) -> aws_sdk_dynamodb::Client {
    let (table, lost) = (service.dynamodb_url.clone(), Arc::new(AtomicUsize::new(lost)));
    let forward = move |headers: HeaderMap, body: Bytes| async move {
        let call = headers["x-amz-target"].to_str().unwrap();
        let is_write = ["UpdateItem", "DeleteItem"].iter().any(|write| call.ends_with(write));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let response = client.post(&table).headers(headers).body(body).send().await.unwrap();
        let (status, body) = (response.status(), response.bytes().await.unwrap());
        let is_left = |left: usize| left.checked_sub(1);
        if is_write && lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_left).is_ok() {
            return (StatusCode::INTERNAL_SERVER_ERROR, Bytes::new());
        }
        (status, body)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(forward)).await });
    aws_sdk_dynamodb::Client::new(&support::sdk_config(&url))
}

#[tokio::test]
async fn an_original_whose_pack_was_written_stays_if_the_response_is_lost() {
    // Lost once: the SDK retries the request and finds its own write. Lost each time: the result is unknown, but the
    // pack can be read.
    for (lost, expected) in [(1, 200), (1000, 502)] {
        let service = Service::with_cat().await;
        let items = items(&losing_responses(&service, lost).await, AttributeNames::default());
        let handler = Handler { items, ..service.handler.clone() };
        let response =
            ApiResponse::of(&handler.handle(&put().if_match("\"2\"").into_lambda(), &context("request-1")).await);
        assert_eq!(response.status, expected, "{}", response.body);
        let pack = service.get("/imagePacks/cat").await.ok(200);
        let original = &pack["imageLocations"]["main"]["original"];
        assert_eq!((&pack["revision"], &original["width"]), (&json!(3), &json!(10)));
        assert!(service.version(original).await.is_some() && service.has(&original["key"]).await);
    }
}

#[tokio::test]
async fn a_write_whose_response_is_lost_once_succeeds() {
    let crop = json!({"x": 0, "y": 0, "width": 5, "height": 5});
    let size = json!({"width": 10, "height": 10});
    for (request, status, revision) in [
        (ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"title": "New"})).if_match("\"2\""), 200, 3),
        (ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/crop").json(&crop).if_match("\"2\""), 200, 3),
        (ApiRequest::new("DELETE", "/imagePacks/cat/imageLocations/main").if_match("\"2\""), 200, 3),
        (ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "dog"})), 201, 1),
        (ApiRequest::new("PUT", "/imageLocationConfig/main?force=true").json(&size), 200, 1),
        (ApiRequest::new("DELETE", "/imagePacks/cat").if_match("\"2\""), 204, 0),
    ] {
        let service = Service::with_cat().await;
        let items = items(&losing_responses(&service, 1).await, AttributeNames::default());
        let handler = Handler { items, ..service.handler.clone() };
        let response = ApiResponse::of(&handler.handle(&request.into_lambda(), &context("request-1")).await);
        assert_eq!(
            (response.status, response.body["revision"].as_u64().unwrap_or(0)),
            (status, revision),
            "{}",
            response.body
        );
        let is_gone = status == 204 || response.body["imageLocations"] == json!({});
        assert_eq!(
            service.objects().await.is_empty(),
            is_gone && response.body["imagePackId"] != "dog",
            "{}",
            response.body
        );
    }
}
