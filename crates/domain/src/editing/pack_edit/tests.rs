//! Edits as tables: the pack, the edit, the attributes that are written.

use super::*;

fn location(name: &str) -> LocationName {
    LocationName::parse(name).unwrap()
}

fn pack(json: Value) -> ManagedPack {
    serde_json::from_value(json).unwrap()
}

/// A pack with a main image of 1600 × 1200 pixels, cropped, and a poster of which only key and version are known.
fn cat() -> ManagedPack {
    pack(json!({
        "mainImageLocation": "main",
        "imageLocations": {
            "main": {
                "original": {"key": "acme/cat/main/1", "version": "v1", "width": 1600, "height": 1200},
                "crop": {"x": 0, "y": 0, "width": 800, "height": 600},
            },
            "poster": {"original": {"key": "acme/cat/poster", "version": "v1"}},
        },
    }))
}

fn original(width: u32, height: u32) -> ManagedOriginal {
    let (key, version) = ("acme/cat/main/2".to_owned(), "v2".to_owned());
    ManagedOriginal { key, version, width: Some(width), height: Some(height), ..ManagedOriginal::default() }
}

/// Expects the edit to set these attributes (`null`: to remove them) and to release this original.
fn check(pack: &ManagedPack, edit: &PackEdit, expected: Value, released: Option<&str>) {
    let decision = decide(pack, edit).unwrap();
    let written = decision.assignments.into_iter().map(|assignment| {
        let (path, value) = assignment.into_parts();
        (path.join("."), value.unwrap_or_default())
    });
    assert_eq!((Value::Object(written.collect()), decision.released.as_deref()), (expected, released), "{edit:?}");
}

fn check_rejected(pack: &ManagedPack, edit: &PackEdit, expected: &str) {
    assert_eq!(decide(pack, edit).unwrap_err().to_string(), expected, "{edit:?}");
}

#[test]
fn the_first_image_of_a_pack_becomes_its_main_one() {
    let show = |name| PackEdit::ShowOriginal { location: location(name), original: original(10, 10) };
    let image = json!({"original": original(10, 10)});
    let null = json!({"revision": null, "imageLocations": {"main": null}, "title": null});
    for empty in [json!({}), json!({"imageLocations": {}}), json!({"imageLocations": null}), null] {
        let expected = json!({"imageLocations": {"poster": image}, "mainImageLocation": "poster"});
        check(&pack(empty), &show("poster"), expected, None);
    }
    check(&cat(), &show("thumb"), json!({"imageLocations.thumb": image}), None);
}

#[test]
fn an_original_that_replaces_another_keeps_the_crop_only_if_it_has_the_same_size() {
    let show =
        |name, width, height| PackEdit::ShowOriginal { location: location(name), original: original(width, height) };
    let shown = |width, height| json!({"imageLocations.main.original": original(width, height)});
    check(&cat(), &show("main", 1600, 1200), shown(1600, 1200), Some("acme/cat/main/1"));
    for (width, height) in [(1200, 1600), (1600, 1201), (10, 10)] {
        let mut expected = shown(width, height);
        expected["imageLocations.main.crop"] = Value::Null;
        check(&cat(), &show("main", width, height), expected, Some("acme/cat/main/1"));
    }
    let poster = json!({"imageLocations.poster.original": original(10, 10)});
    check(&cat(), &show("poster", 10, 10), poster, Some("acme/cat/poster"));
}

#[test]
fn showing_the_current_original_writes_nothing_and_releases_nothing() {
    let shown = cat().image_locations[&location("main")].original.clone();
    check(&cat(), &PackEdit::ShowOriginal { location: location("main"), original: shown }, json!({}), None);
}

#[test]
fn a_crop_is_removed_with_its_original_of_unknown_size() {
    let mut cat = cat();
    cat.image_locations.get_mut(&location("poster")).unwrap().crop = Some(Crop { x: 0, y: 0, width: 1, height: 1 });
    let show = PackEdit::ShowOriginal { location: location("poster"), original: original(10, 10) };
    let expected = json!({"imageLocations.poster.original": original(10, 10), "imageLocations.poster.crop": null});
    check(&cat, &show, expected, Some("acme/cat/poster"));
}

#[test]
fn a_pack_has_at_most_50_images_and_each_can_still_be_replaced() {
    let image = json!({"original": {"key": "k", "version": "v"}});
    let images: serde_json::Map<_, _> = (0..50).map(|number| (format!("l{number}"), image.clone())).collect();
    let full = pack(json!({"imageLocations": images}));
    let show = |name| PackEdit::ShowOriginal { location: location(name), original: original(10, 10) };
    check_rejected(&full, &show("one-more"), "the pack has 50 images, which is the limit; remove one first");
    check(&full, &show("l49"), json!({"imageLocations.l49.original": original(10, 10)}), Some("k"));
}

#[test]
fn a_crop_has_an_area_and_lies_within_the_original() {
    let crop = |name, [x, y, width, height]: [u32; 4]| PackEdit::SetCrop {
        location: location(name),
        crop: Crop { x, y, width, height },
    };
    for rectangle in [[0, 0, 1600, 1200], [1599, 1199, 1, 1], [400, 300, 800, 600]] {
        let [x, y, width, height] = rectangle;
        let expected = json!({"imageLocations.main.crop": {"x": x, "y": y, "width": width, "height": height}});
        check(&cat(), &crop("main", rectangle), expected, None);
    }
    let outside = "the crop reaches beyond the original, which has 1600 × 1200 pixels";
    let empty = "the crop has no area; width and height must be at least 1";
    for (rectangle, expected) in [
        ([0, 0, 0, 1], empty),
        ([0, 0, 1, 0], empty),
        ([0, 0, 1601, 1], outside),
        ([0, 1, 1, 1200], outside),
        ([1600, 0, 1, 1], outside),
        ([u32::MAX, 0, u32::MAX, 1], outside),
    ] {
        check_rejected(&cat(), &crop("main", rectangle), expected);
    }
    let anywhere = json!({"imageLocations.poster.crop": {"x": 9000, "y": 0, "width": 1, "height": 1}});
    check(&cat(), &crop("poster", [9000, 0, 1, 1]), anywhere, None);
    check_rejected(&cat(), &crop("poster", [0, 0, 0, 0]), empty);
}

#[test]
fn removing_an_absent_crop_writes_nothing() {
    check(&cat(), &PackEdit::RemoveCrop(location("main")), json!({"imageLocations.main.crop": null}), None);
    check(&cat(), &PackEdit::RemoveCrop(location("poster")), json!({}), None);
}

#[test]
fn removing_the_main_image_removes_the_main_location() {
    let expected = json!({"imageLocations.main": null, "mainImageLocation": null});
    check(&cat(), &PackEdit::RemoveImage(location("main")), expected, Some("acme/cat/main/1"));
    let poster = json!({"imageLocations.poster": null});
    check(&cat(), &PackEdit::RemoveImage(location("poster")), poster, Some("acme/cat/poster"));
}

#[test]
fn a_description_changes_only_the_attributes_that_it_names() {
    let describe = |json| PackEdit::Describe(serde_json::from_value(json).unwrap());
    for (description, expected) in [
        (json!({}), json!({})),
        (json!({"title": "A cat"}), json!({"title": "A cat"})),
        (json!({"title": null, "assetId": "a1"}), json!({"assetId": "a1", "title": null})),
        (json!({"mainImageLocation": "poster"}), json!({"mainImageLocation": "poster"})),
        (json!({"mainImageLocation": null}), json!({"mainImageLocation": null})),
    ] {
        check(&cat(), &describe(description), expected, None);
    }
    let thumb = describe(json!({"mainImageLocation": "thumb"}));
    check_rejected(&cat(), &thumb, "mainImageLocation \"thumb\" has no image; the pack has main, poster");
    check_rejected(&pack(json!({})), &thumb, "mainImageLocation \"thumb\" has no image; the pack has none");
}

#[test]
fn a_location_without_an_image_cannot_be_cropped_or_removed() {
    let expected = "the pack has no image at location \"thumb\"; it has main, poster";
    let crop = Crop { x: 0, y: 0, width: 1, height: 1 };
    for edit in [
        PackEdit::SetCrop { location: location("thumb"), crop },
        PackEdit::RemoveCrop(location("thumb")),
        PackEdit::RemoveImage(location("thumb")),
    ] {
        check_rejected(&cat(), &edit, expected);
    }
}
