//! Simultaneous editors: no edit is lost, and a write at an old revision is rejected.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::request::{ApiRequest, ApiResponse};
use crate::service::{Service, png};

/// Sends all requests at once.
async fn all(service: &Arc<Service>, requests: impl Iterator<Item = ApiRequest>) -> Vec<ApiResponse> {
    let mut sent = JoinSet::new();
    for request in requests {
        let service = service.clone();
        sent.spawn(async move { service.send(request).await });
    }
    sent.join_all().await
}

fn statuses(responses: &[ApiResponse]) -> Vec<u16> {
    let mut statuses: Vec<_> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn ten_simultaneous_edits_all_succeed() {
    let service = Service::start().await;
    let image = json!({"original": {"key": "k", "version": "v"}});
    let images: serde_json::Map<_, _> = (0..10).map(|number| (format!("l{number}"), image.clone())).collect();
    service.put_item("pack#cat", json!({"imageLocations": images})).await;
    let service = Arc::new(service);
    let crops = (0..10).map(|number| {
        let crop = json!({"x": number, "y": 0, "width": 10, "height": 10});
        ApiRequest::new("PUT", &format!("/imagePacks/cat/imageLocations/l{number}/crop")).json(&crop)
    });
    assert_eq!(statuses(&all(&service, crops).await), [200; 10]);
    let pack = service.get("/imagePacks/cat").await.ok(200);
    assert_eq!(pack["revision"], 10);
    for number in 0..10 {
        assert_eq!(pack["imageLocations"][format!("l{number}")]["crop"]["x"], number);
    }
}

#[tokio::test]
async fn of_fifty_simultaneous_edits_exactly_those_with_status_200_are_stored() {
    let service = Service::start().await;
    let image = json!({"original": {"key": "k", "version": "v"}});
    let images: serde_json::Map<_, _> = (0..50).map(|number| (format!("l{number}"), image.clone())).collect();
    service.put_item("pack#cat", json!({"imageLocations": images})).await;
    let service = Arc::new(service);
    let crops = (0..50).map(|number| {
        let crop = json!({"x": 0, "y": 0, "width": 10, "height": 10});
        ApiRequest::new("PUT", &format!("/imagePacks/cat/imageLocations/l{number}/crop")).json(&crop)
    });
    let responses = all(&service, crops).await;
    let stored = responses.iter().filter(|response| response.status == 200).count();
    assert!(stored > 0 && responses.iter().all(|response| [200, 409].contains(&response.status)));
    let pack = service.get("/imagePacks/cat").await.ok(200);
    let shown = pack["imageLocations"].as_object().unwrap();
    assert_eq!(shown.values().filter(|image| image.get("crop").is_some()).count(), stored);
    assert_eq!(pack["revision"], stored);
}

#[tokio::test]
async fn simultaneous_originals_for_several_locations_are_all_shown() {
    let service = Arc::new(Service::with_cat().await);
    let originals = (1..=5).map(|number| {
        ApiRequest::new("PUT", &format!("/imagePacks/cat/imageLocations/l{number}/original")).binary(png(number, 1))
    });
    assert_eq!(statuses(&all(&service, originals).await), [200; 5]);
    let pack = service.get("/imagePacks/cat").await.ok(200);
    assert_eq!(pack["revision"], 7);
    for number in 1..=5 {
        assert_eq!(pack["imageLocations"][format!("l{number}")]["original"]["width"], number);
    }
}

#[tokio::test]
async fn of_two_originals_for_the_same_revision_one_is_shown_and_the_other_is_not_stored() {
    let service = Arc::new(Service::with_cat().await);
    let objects = service.objects().await.len();
    let put = |side| {
        let url = "/imagePacks/cat/imageLocations/main/original";
        ApiRequest::new("PUT", url).binary(png(side, side)).if_match("\"2\"")
    };
    let responses = all(&service, [10, 20].into_iter().map(put)).await;
    assert_eq!(statuses(&responses), [200, 409]);
    let shown = service.get("/imagePacks/cat").await.ok(200)["imageLocations"]["main"]["original"].clone();
    assert!(service.version(&shown).await.is_some());
    assert_eq!(service.objects().await.len(), objects, "the new one instead of the old one");
}

#[tokio::test]
async fn simultaneous_forced_configs_each_increment_the_generation() {
    let service = Arc::new(Service::start().await);
    let force = |width: u32| {
        let sent = json!({"width": width, "height": 1});
        ApiRequest::new("PUT", "/imageLocationConfig/main?force=true").json(&sent)
    };
    assert_eq!(statuses(&all(&service, (1..=5).map(force)).await), [200; 5]);
    let saved = service.get("/imageLocationConfig/main").await.ok(200);
    assert_eq!((&saved["generation"], &saved["revision"]), (&json!(5), &json!(5)));
}

#[tokio::test]
async fn simultaneous_creations_of_a_pack_succeed_once() {
    let service = Arc::new(Service::start().await);
    let create = |_| ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "cat"}));
    assert_eq!(statuses(&all(&service, (0..3).map(create)).await), [201, 409, 409]);
}

#[tokio::test]
async fn a_write_at_an_old_revision_is_rejected_with_the_current_one() {
    let service = Service::with_cat().await;
    service
        .send(ApiRequest::new("PUT", "/imageLocationConfig/main").json(&json!({"width": 1, "height": 1})))
        .await
        .ok(200);
    let crop = json!({"x": 0, "y": 0, "width": 1, "height": 1});
    let main = |rest: &str| format!("/imagePacks/cat/imageLocations/main{rest}");
    let writes: [(&dyn Fn() -> ApiRequest, u64); 9] = [
        (&|| ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"title": "x"})), 2),
        (&|| ApiRequest::new("DELETE", "/imagePacks/cat"), 2),
        (&|| ApiRequest::new("DELETE", &main("")), 2),
        (&|| ApiRequest::new("PUT", &main("/crop")).json(&crop), 2),
        (&|| ApiRequest::new("DELETE", &main("/crop")), 2),
        (&|| ApiRequest::new("PUT", &main("/original")).binary(png(1, 1)), 2),
        (&|| ApiRequest::new("POST", &main("/uploads/550e8400-e29b-41d4-a716-446655440000/confirm")), 2),
        (&|| ApiRequest::new("POST", &main("/fetchImage")).json(&json!({"url": "http://example.com/"})), 2),
        (&|| ApiRequest::new("PUT", "/imageLocationConfig/main").json(&json!({"width": 2, "height": 2})), 1),
    ];
    for (write, revision) in writes {
        let stale = write().if_match("\"7\"");
        let response = service.check_rejected(stale, 409, "revision-conflict", "since revision 7").await;
        assert_eq!(response.body["error"]["revision"], revision);
        for nonsense in ["7", "*", "\"x\"", "W/\"7\"", "\"1\", \"2\"", ""] {
            service.check_rejected(write().if_match(nonsense), 400, "invalid-if-match", "one revision in quotes").await;
        }
    }
    let title = ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"title": "x"})).if_match("\"2\"");
    assert_eq!(service.send(title).await.ok(200)["revision"], 3);
    let new =
        ApiRequest::new("PUT", "/imageLocationConfig/poster").json(&json!({"width": 2, "height": 2})).if_match("\"0\"");
    assert_eq!(service.send(new).await.ok(200)["generation"], Value::from(0));
}
