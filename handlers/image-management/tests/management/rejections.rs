//! Requests that are rejected for every action.

use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::Service;

fn patch(url: &str) -> ApiRequest {
    ApiRequest::new("PATCH", url).json(&json!({"title": "x"}))
}

#[tokio::test]
async fn a_caller_without_a_token_or_of_another_tenant_is_rejected() {
    let service = Service::with_cat().await;
    let cat = "/imagePacks/cat";
    service.check_rejected(patch(cat).claims(Value::Null), 401, "unauthorized", "bearer token").await;
    let none = json!({"sub": "ada"});
    for claims in [none.clone(), json!({"tenants": "[]"}), json!({"tenants": "*"})] {
        service.check_rejected(patch(cat).claims(claims), 403, "tenant-not-covered", "names no tenant").await;
    }
    let of_acme = "/imagePacks/cat?tenant=acme";
    service.check_rejected(patch(of_acme).claims(none), 403, "tenant-not-covered", "\"acme\"").await;
    for tenants in ["globex", "[globex initech]", "acme2", "acm", "[*]", "ACME"] {
        let foreign = patch(of_acme).of_tenants(tenants);
        service.check_rejected(foreign, 403, "tenant-not-covered", "does not cover tenant \"acme\"").await;
    }
}

#[tokio::test]
async fn a_token_of_several_tenants_needs_the_tenant_parameter() {
    let service = Service::with_cat().await;
    let unnamed = patch("/imagePacks/cat").of_tenants("[acme globex]");
    service.check_rejected(unnamed, 400, "tenant-needed", "?tenant=<tenant>").await;
    let named = patch("/imagePacks/cat?tenant=acme").of_tenants("[acme globex]");
    assert_eq!(service.send(named).await.ok(200)["title"], "x");
    let other = patch("/imagePacks/cat?tenant=globex").of_tenants("[acme globex]");
    service.check_rejected(other, 404, "unknown-image-pack", "Tenant \"globex\" has no image pack \"cat\"").await;
    let twice = patch("/imagePacks/cat?tenant=acme&tenant=globex").of_tenants("[acme globex]");
    service.check_rejected(twice, 400, "repeated-parameter", "\"tenant\"").await;
    service.check_rejected(patch("/imagePacks/cat?tenant=ACME"), 422, "invalid-identifier", "tenant \"ACME\"").await;
}

#[tokio::test]
async fn an_invalid_id_is_rejected_with_the_allowed_characters() {
    let service = Service::with_cat().await;
    for id in ["*", "..", "c*t", "cat~", "c%2Ft", "-cat", ""] {
        let message = format!("image pack id {id:?} is not valid: allowed are");
        service.check_rejected(patch(&format!("/imagePacks/{id}")), 422, "invalid-identifier", &message).await;
        let create = ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": id}));
        service.check_rejected(create, 422, "invalid-body", "is not valid: allowed are").await;
    }
    for name in ["a.b", "a*", "a%2Fb"] {
        let remove = ApiRequest::new("DELETE", &format!("/imagePacks/cat/imageLocations/{name}"));
        service.check_rejected(remove, 422, "invalid-identifier", &format!("image location {name:?}")).await;
    }
}

#[tokio::test]
async fn an_invalid_body_is_rejected_with_the_reason() {
    let service = Service::with_cat().await;
    let patch = |body: &str| ApiRequest::new("PATCH", "/imagePacks/cat").text(body);
    for (body, message) in [("", "needs a body in JSON"), ("{", "cannot be read"), ("cat", "cannot be read")] {
        service.check_rejected(patch(body), 400, "unreadable-body", message).await;
    }
    let long = format!(r#"{{"title": "{}"}}"#, "x".repeat(20_000));
    service.check_rejected(patch(&long), 413, "too-large", "JSON may have 16384").await;
    let unknown = format!(r#"{{"{}": 1}}"#, "x".repeat(10_000));
    let response = service.check_rejected(patch(&unknown), 422, "invalid-body", "unknown field").await;
    assert!(response.body.to_string().len() < 500, "a hostile name is not repeated in whole");
    for (body, message) in [
        (json!({"title": "x".repeat(513)}), "title has 513 characters: allowed are at most 512"),
        (json!({"assetId": "x".repeat(129)}), "assetId has 129 characters: allowed are at most 128"),
        (json!({"imageLocations": {}}), "expected one of `assetId`, `title`, `mainImageLocation`"),
        (json!({"mainImageLocation": "a/b"}), "image location \"a/b\" is not valid"),
        (json!([]), "must be a JSON object"),
        (json!("cat"), "invalid type: string \"cat\""),
    ] {
        service.check_rejected(patch(&body.to_string()), 422, "invalid-body", message).await;
    }
}

#[tokio::test]
async fn an_unknown_parameter_is_rejected_with_the_known_ones() {
    let service = Service::with_cat().await;
    let config = || ApiRequest::new("PUT", "/imageLocationConfig/main").json(&json!({"width": 640, "height": 360}));
    for (request, allowed) in [
        (config().query("forse=true"), "\"forse\"; allowed: \"tenant\", \"force\"."),
        (config().query("Force=true"), "\"Force\"; allowed: \"tenant\", \"force\"."),
        (patch("/imagePacks/cat?force=true"), "\"force\"; allowed: \"tenant\"."),
        (patch("/imagePacks/cat?tennant=acme"), "\"tennant\"; allowed: \"tenant\"."),
        (ApiRequest::new("DELETE", "/imagePacks/cat?dryRun=true"), "\"dryRun\"; allowed: \"tenant\"."),
        (ApiRequest::new("GET", "/imagePacks?offset=3"), "\"offset\"; allowed: \"tenant\", \"limit\", \"after\"."),
    ] {
        service.check_rejected(request, 400, "unknown-parameter", allowed).await;
    }
    let long = patch(&format!("/imagePacks/cat?{}=1", "x".repeat(10_000)));
    let response = service.check_rejected(long, 400, "unknown-parameter", "allowed").await;
    assert!(response.body.to_string().len() < 500, "a hostile name is not repeated in whole");
}

#[tokio::test]
async fn an_id_of_another_alphabet_or_of_excessive_length_is_rejected() {
    let service = Service::with_cat().await;
    let long = "c".repeat(10_000);
    for id in [
        "сat",
        "ｃat",
        "cat\u{200b}",
        "\u{202e}tac",
        "cat\0",
        "cat\n",
        "c\u{2215}t",
        "cat%00",
        "~cat",
        "cat#",
        "a,b",
        &long,
    ] {
        for method in ["GET", "PATCH", "DELETE"] {
            let request = ApiRequest::new(method, &format!("/imagePacks/{id}")).json(&json!({"title": "x"}));
            let response =
                service.check_rejected(request, 422, "invalid-identifier", "is not valid: allowed are").await;
            assert!(response.body.to_string().len() < 600, "{}", response.body);
        }
    }
    for id in ["CAT", "Cat"] {
        service.check_rejected(patch(&format!("/imagePacks/{id}")), 404, "unknown-image-pack", id).await;
    }
}

#[tokio::test]
async fn an_unknown_route_is_404() {
    let service = Service::with_cat().await;
    for request in [
        ApiRequest::new("PUT", "/imagePacks/cat"),
        ApiRequest::new("DELETE", "/imageLocationConfig/main"),
        ApiRequest::new("GET", "/imagePacks/cat/imageLocations/main/original"),
        ApiRequest::new("POST", "/imagePacks/cat/imageLocations/main"),
        ApiRequest::new("GET", "/"),
    ] {
        service.check_rejected(request, 404, "unknown-route", "no such route").await;
    }
}
