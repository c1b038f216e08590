//! Packs: creation, reading, listing, description, removal.

use domain::AttributeNames;
use domain::change::detection::Reason;
use serde_json::{Value, json};

use crate::request::ApiRequest;
use crate::service::{Service, items, png};

#[tokio::test]
async fn a_pack_is_created_empty_and_read_back() {
    let service = Service::start().await;
    let sent = json!({"imagePackId": "cat", "assetId": "asset-1", "title": "A cat"});
    let (response, reasons) = service.write("pack#cat", ApiRequest::new("POST", "/imagePacks").json(&sent)).await;
    let expected = json!({
        "tenant": "acme", "imagePackId": "cat", "revision": 1, "assetId": "asset-1", "title": "A cat",
        "imageLocations": {},
    });
    assert_eq!(response.ok(201), expected);
    assert_eq!(reasons, [], "no cache can hold a new pack");
    assert_eq!(service.get("/imagePacks/cat").await.ok(200), expected);
    let item = service.item("pack#cat").await.unwrap();
    assert_eq!(
        (&item["updatedBy"]["M"]["subject"], &item["updatedAt"]),
        (&json!({"S": "ada"}), &json!({"N": "1764000000000"}))
    );
}

#[tokio::test]
async fn a_pack_without_an_id_gets_one() {
    let service = Service::start().await;
    for request in [ApiRequest::new("POST", "/imagePacks"), ApiRequest::new("POST", "/imagePacks").json(&json!({}))] {
        let created = service.send(request).await.ok(201);
        let id = created["imagePackId"].as_str().unwrap();
        assert_eq!(id.len(), 36, "{id}");
        assert_eq!(service.get(&format!("/imagePacks/{id}")).await.ok(200), created);
    }
}

#[tokio::test]
async fn a_pack_that_exists_is_not_created_again() {
    let service = Service::with_cat().await;
    let again = ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "cat", "title": "Another"}));
    let response = service.check_rejected(again, 409, "exists", "already has an image pack \"cat\"").await;
    assert_eq!(response.body["error"]["revision"], 2);
}

#[tokio::test]
async fn packs_are_listed_page_by_page_in_the_order_of_their_ids() {
    let service = Service::start().await;
    for number in 0..5 {
        let id = json!({"imagePackId": format!("p{number}")});
        service.send(ApiRequest::new("POST", "/imagePacks").json(&id)).await.ok(201);
    }
    service.put_item("location#main", json!({"width": 1, "height": 1})).await;
    let mut url = "/imagePacks?limit=2".to_owned();
    let mut pages = Vec::new();
    loop {
        let page = service.get(&url).await.ok(200);
        let packs = page["imagePacks"].as_array().unwrap();
        pages.push(packs.iter().map(|pack| pack["imagePackId"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
        let Some(next) = page["next"].as_str() else { break };
        url = format!("/imagePacks?limit=2&after={next}");
    }
    assert_eq!(pages.concat(), ["p0", "p1", "p2", "p3", "p4"]);
    assert!(pages.iter().all(|page| page.len() <= 2), "{pages:?}");
    assert_eq!(service.get("/imagePacks").await.ok(200)["imagePacks"].as_array().unwrap().len(), 5);
    let globex = ApiRequest::new("GET", "/imagePacks").of_tenants("globex");
    assert_eq!(service.send(globex).await.ok(200), json!({"imagePacks": []}));
}

#[tokio::test]
async fn a_list_omits_an_unreadable_pack() {
    let service = Service::with_cat().await;
    service.put_item("pack#broken", json!({"imageLocations": "all of them"})).await;
    let list = service.get("/imagePacks").await.ok(200);
    assert_eq!(list["imagePacks"].as_array().unwrap().len(), 1);
    service.get("/imagePacks/broken").await.check_error(502, "unreadable-item", "cannot be read");
}

#[tokio::test]
async fn an_invalid_limit_is_rejected() {
    let service = Service::start().await;
    for limit in ["0", "101", "-1", "many", ""] {
        let request = ApiRequest::new("GET", &format!("/imagePacks?limit={limit}"));
        service.check_rejected(request, 400, "invalid-limit", "from 1 to 100").await;
    }
    let after = ApiRequest::new("GET", "/imagePacks?after=a*");
    service.check_rejected(after, 422, "invalid-identifier", "image pack id \"a*\"").await;
}

#[tokio::test]
async fn a_new_title_or_asset_id_is_not_purged() {
    let service = Service::with_cat().await;
    let patch = |body: Value| ApiRequest::new("PATCH", "/imagePacks/cat").json(&body);
    let described = patch(json!({"assetId": "asset-2", "title": "Two cats"}));
    let (response, reasons) = service.write("pack#cat", described).await;
    let pack = response.ok(200);
    assert_eq!(
        (&pack["title"], &pack["assetId"], &pack["revision"]),
        (&json!("Two cats"), &json!("asset-2"), &json!(3))
    );
    assert_eq!(reasons, []);
    let (response, reasons) = service.write("pack#cat", patch(json!({"title": null}))).await;
    let pack = response.ok(200);
    assert_eq!((pack.get("title"), &pack["assetId"]), (None, &json!("asset-2")));
    assert_eq!(reasons, []);
    assert_eq!(service.send(patch(json!({}))).await.ok(200)["revision"], 4, "nothing to write");
}

#[tokio::test]
async fn another_main_image_is_purged() {
    let service = Service::with_cat().await;
    let poster = ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/poster/original").binary(png(10, 10));
    service.send(poster).await.ok(200);
    let patch = |main: Value| ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"mainImageLocation": main}));
    let (response, reasons) = service.write("pack#cat", patch(json!("poster"))).await;
    assert_eq!(response.ok(200)["mainImageLocation"], "poster");
    assert_eq!(reasons, [Reason::MainImageLocationChanged]);
    let expected = "\"thumb\" has no image; the pack has main, poster";
    service.check_rejected(patch(json!("thumb")), 422, "no-main-image", expected).await;
    let (response, reasons) = service.write("pack#cat", patch(Value::Null)).await;
    assert_eq!(response.ok(200).get("mainImageLocation"), None);
    assert_eq!(reasons, [Reason::MainImageLocationChanged]);
}

#[tokio::test]
async fn a_removed_pack_is_purged_and_its_own_originals_are_deleted() {
    let service = Service::with_cat().await;
    let shared = service.put_object("shared/cat.png", png(10, 10)).await;
    let own = service.get("/imagePacks/cat").await.ok(200)["imageLocations"]["main"]["original"].clone();
    let images = json!({"main": {"original": own}, "poster": {"original": shared}});
    service.put_item("pack#cat", json!({"imageLocations": images, "revision": 2})).await;

    let (response, reasons) = service.write("pack#cat", ApiRequest::new("DELETE", "/imagePacks/cat")).await;
    assert_eq!(response.ok(204), Value::Null);
    assert_eq!(reasons, [Reason::PackRemoved]);
    assert!(!service.has(&own["key"]).await);
    assert!(service.version(&own).await.is_some(), "a request may be rendering a variant of it");
    assert!(service.has(&shared["key"]).await, "it was not stored for this pack");
    let again = ApiRequest::new("DELETE", "/imagePacks/cat");
    service.check_rejected(again, 404, "unknown-image-pack", "no image pack \"cat\"").await;
}

#[tokio::test]
async fn attributes_of_other_writers_are_kept() {
    let service = Service::start().await;
    let main = service.put_object("acme/cat/main", png(10, 10)).await;
    let image = json!({"original": main, "alt": "A cat"});
    let others = json!({"imageLocations": {"main": image}, "rights": {"until": 2030}, "mainImageLocation": "main"});
    service.put_item("pack#cat", others).await;
    assert_eq!(service.get("/imagePacks/cat").await.ok(200)["revision"], 0);
    let writes = [
        ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"title": "A cat"})),
        ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(20, 20)),
        ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/poster/original").binary(png(20, 20)),
        ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/crop")
            .json(&json!({"x": 0, "y": 0, "width": 1, "height": 1})),
    ];
    for (revision, write) in (1..).zip(writes) {
        assert_eq!(service.send(write).await.ok(200)["revision"], revision);
        let item = service.item("pack#cat").await.unwrap();
        assert_eq!(item["rights"], json!({"M": {"until": {"N": "2030"}}}));
        assert_eq!(item["imageLocations"]["M"]["main"]["M"]["alt"], json!({"S": "A cat"}));
    }
    assert!(service.has(&main["key"]).await, "an original under a foreign key is left alone");
}

#[tokio::test]
async fn a_pack_whose_attributes_are_null_is_edited_as_one_without_them() {
    let null = || {
        json!({
            "imageLocations": null, "mainImageLocation": null, "revision": null, "updatedAt": null, "updatedBy": null,
            "assetId": null, "title": null,
        })
    };
    let original = || ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(20, 20));
    let title = || ApiRequest::new("PATCH", "/imagePacks/cat").json(&json!({"title": "A cat"}));
    for write in [original, title] {
        let service = Service::start().await;
        service.put_item("pack#cat", null()).await;
        assert_eq!(service.get("/imagePacks").await.ok(200)["imagePacks"][0]["revision"], 0);
        assert_eq!(service.get("/imagePacks/cat").await.ok(200)["revision"], 0);
        let (response, reasons) = service.write("pack#cat", write().if_match("\"0\"")).await;
        assert_eq!(response.ok(200)["revision"], 1);
        assert_eq!(reasons, [], "no viewer has an image of it");
    }
    let service = Service::start().await;
    service.put_item("pack#cat", null()).await;
    service.send(ApiRequest::new("DELETE", "/imagePacks/cat")).await.ok(204);
}

#[tokio::test]
async fn a_location_config_whose_attributes_are_null_is_saved_as_one_without_them() {
    let service = Service::start().await;
    let null = json!({
        "width": 640, "height": 360, "fit": null, "format": null, "quality": null, "generation": null, "revision": null,
    });
    service.put_item("location#main", null).await;
    let config = service.get("/imageLocationConfig/main").await.ok(200);
    assert_eq!((&config["fit"], &config["quality"], &config["revision"]), (&json!("cover"), &json!(85), &json!(0)));
    let forced = ApiRequest::new("PUT", "/imageLocationConfig/main?force=true");
    let (response, reasons) = service.write("location#main", forced).await;
    let saved = response.ok(200);
    assert_eq!((&saved["generation"], &saved["revision"]), (&json!(1), &json!(1)));
    assert_eq!(reasons, [Reason::LocationForced]);
}

#[tokio::test]
async fn a_table_with_other_attribute_names_is_supported() {
    let mut service = Service::start().await;
    let names: AttributeNames = r#"{"imageLocations": "images", "mainImageLocation": "cover"}"#.parse().unwrap();
    service.handler.items = items(&service.dynamodb, names);
    service.put_cat().await;
    let pack = service.get("/imagePacks/cat").await.ok(200);
    assert_eq!(pack["mainImageLocation"], "main");
    assert_eq!(pack["imageLocations"]["main"]["original"]["width"], 320);
    let item = service.item("pack#cat").await.unwrap();
    assert_eq!(item["cover"], json!({"S": "main"}));
    assert!(item["images"]["M"]["main"].is_object() && item.get("imageLocations").is_none(), "{item:?}");
}
