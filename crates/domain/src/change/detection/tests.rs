//! Writes as the stream shows them, in DynamoDB JSON, and the reasons to purge after them.

use serde_json::{Value, json};

use super::Reason::{FirstImage, ImageLocationsChanged, LocationForced, MainImageLocationChanged, PackRemoved};
use super::*;

/// `null` stands for "no image".
fn image(json: Value) -> Option<StreamImage> {
    serde_json::from_value(json).unwrap()
}

/// A record of a write to `entity` of `acme`.
fn record(entity: &str, old: Value, new: Value) -> Record {
    let tenant = TenantId::parse("acme").unwrap();
    Record { tenant, target: Target::parse(entity).unwrap(), old: image(old), new: image(new) }
}

fn check(situation: &str, entity: &str, old: Value, new: Value, expected: &[Reason]) {
    check_with(&BTreeSet::new(), situation, entity, old, new, expected);
}

/// Compares the reasons where the tenants `with_existing_distribution` have an existing distribution.
fn check_with(
    with_existing_distribution: &BTreeSet<TenantId>,
    situation: &str,
    entity: &str,
    old: Value,
    new: Value,
    expected: &[Reason],
) {
    let change = detect_change(&record(entity, old, new), with_existing_distribution).expect("a record with an image");
    assert_eq!(change.as_ref().map_or(&[][..], |change| &change.reasons), expected, "{situation}");
    if let Some(change) = change {
        assert_eq!((change.tenant.as_str(), change.target.to_string().as_str()), ("acme", entity), "{situation}");
    }
}

/// A pack with one image, in its location `main`.
fn pack() -> Value {
    json!({
        "tenant": {"S": "acme"},
        "entity": {"S": "pack#p1"},
        "imageLocations": {"M": {"main": {"M": {"original": original("v1")}}}},
        "mainImageLocation": {"S": "main"},
        "assetId": {"S": "a1"},
        "title": {"S": "Evening news"},
    })
}

fn original(version: &str) -> Value {
    json!({"M": {"key": {"S": "acme/p1/main"}, "version": {"S": version}}})
}

/// The pack with the attribute `name` set to `value`.
fn pack_with(name: &str, value: Value) -> Value {
    let mut pack = pack();
    pack[name] = value;
    pack
}

/// The pack whose location `main` has the attribute `name` besides its original.
fn pack_with_main(name: &str, value: Value) -> Value {
    let mut pack = pack();
    pack["imageLocations"]["M"]["main"]["M"][name] = value;
    pack
}

fn crop(x: &str) -> Value {
    json!({"M": {"x": {"N": x}, "y": {"N": "0"}, "width": {"N": "10"}, "height": {"N": "10"}}})
}

#[test]
fn a_write_after_which_a_viewer_could_see_an_old_image_is_meaningful() {
    let poster = |mut pack: Value| {
        pack["imageLocations"]["M"]["poster"] = json!({"M": {"original": original("v1")}});
        pack
    };
    let mut both = pack_with("mainImageLocation", json!({"S": "poster"}));
    both["imageLocations"] = json!({"M": {}});
    let cropped = |x| pack_with_main("crop", crop(x));
    for (situation, old, new, expected) in [
        ("an original replaced", pack(), pack_with_main("original", original("v2")), &[ImageLocationsChanged][..]),
        ("a crop set", pack(), cropped("0"), &[ImageLocationsChanged]),
        ("a crop moved", cropped("0"), cropped("1"), &[ImageLocationsChanged]),
        ("a crop removed", cropped("1"), pack(), &[ImageLocationsChanged]),
        ("a location added", pack(), poster(pack()), &[ImageLocationsChanged]),
        ("a location removed", poster(pack()), pack(), &[ImageLocationsChanged]),
        ("all removed", pack(), pack_with("imageLocations", json!({"M": {}})), &[ImageLocationsChanged]),
        ("all null", pack(), pack_with("imageLocations", json!({"NULL": true})), &[ImageLocationsChanged]),
        (
            "another main location",
            pack(),
            pack_with("mainImageLocation", json!({"S": "poster"})),
            &[MainImageLocationChanged],
        ),
        (
            "no main location",
            pack(),
            pack_with("mainImageLocation", json!({"NULL": true})),
            &[MainImageLocationChanged],
        ),
        ("both at once", pack(), both, &[ImageLocationsChanged, MainImageLocationChanged]),
        ("the pack removed", pack(), Value::Null, &[PackRemoved]),
    ] {
        check(situation, "pack#p1", old, new, expected);
    }
}

#[test]
fn a_new_pack_and_cosmetic_attributes_are_not_meaningful() {
    check("a new pack", "pack#p1", Value::Null, pack(), &[]);
    check("nothing", "pack#p1", pack(), pack(), &[]);
    for attribute in ["assetId", "title", "revision", "updatedAt", "updatedBy", "anythingElse"] {
        check(attribute, "pack#p1", pack(), pack_with(attribute, json!({"S": "new"})), &[]);
    }
}

#[test]
fn nothing_that_happens_to_a_pack_without_images_is_meaningful() {
    let first = || json!({"imageLocations": {"M": {"main": {"M": {}}}}, "mainImageLocation": {"S": "main"}});
    for nothing in [
        json!({}),
        json!({"title": {"S": "new"}}),
        json!({"imageLocations": {"M": {}}}),
        json!({"imageLocations": {"NULL": true}}),
        json!({"imageLocations": {"M": {"main": {"NULL": true}}}}),
    ] {
        check("its first image", "pack#p1", nothing.clone(), first(), &[]);
        check("its removal", "pack#p1", nothing, Value::Null, &[]);
    }
    check("images in an unknown form", "pack#p1", json!({"imageLocations": {"L": []}}), Value::Null, &[PackRemoved]);
}

#[test]
fn the_same_value_written_another_way_is_not_meaningful() {
    let main = |name, value| pack_with_main(name, value);
    for (situation, old, new) in [
        (
            "the order of attributes",
            main("original", json!({"M": {"key": {"S": "k"}, "version": {"S": "1"}}})),
            main("original", json!({"M": {"version": {"S": "1"}, "key": {"S": "k"}}})),
        ),
        ("the order of a set", main("tags", json!({"SS": ["a", "b"]})), main("tags", json!({"SS": ["b", "a"]}))),
        ("numbers in a set", main("sizes", json!({"NS": ["1", "2"]})), main("sizes", json!({"NS": ["2.0", "1e0"]}))),
        ("a number", main("crop", crop("1")), main("crop", crop("1.0"))),
        ("null instead of absent, in depth", pack(), main("crop", json!({"NULL": true}))),
        ("null instead of absent", pack(), pack_with("anythingElse", json!({"NULL": true}))),
    ] {
        check(situation, "pack#p1", old.clone(), new.clone(), &[]);
        check(situation, "pack#p1", new, old, &[]);
    }
    let mut no_main = pack();
    no_main.as_object_mut().unwrap().remove("mainImageLocation");
    let null = pack_with("mainImageLocation", json!({"NULL": true}));
    check("a main location that is null", "pack#p1", no_main.clone(), null.clone(), &[]);
    check("a main location that was null", "pack#p1", null, no_main, &[]);
}

#[test]
fn a_location_config_is_meaningful_only_with_force() {
    let config = |width: &str, generation: &str| json!({"width": {"N": width}, "generation": {"N": generation}});
    let unforced = |width: &str| json!({"width": {"N": width}});
    let null = json!({"width": {"N": "16"}, "generation": {"NULL": true}});
    let digits = |last: &str| config("16", &format!("1764000000000000000000000000000000000{last}"));
    for (situation, old, new, expected) in [
        ("another width", config("16", "1"), config("32", "1"), &[][..]),
        ("forced", config("16", "1"), config("16", "2"), &[LocationForced]),
        ("another width, never forced", unforced("16"), unforced("32"), &[]),
        ("forced for the first time", unforced("16"), config("16", "1"), &[LocationForced]),
        ("new, unforced", Value::Null, unforced("16"), &[]),
        ("new, with generation 0", Value::Null, config("16", "0"), &[]),
        ("generation 0 instead of none", unforced("16"), config("16", "0"), &[]),
        ("generation 0 instead of null", null.clone(), config("16", "0.0"), &[]),
        ("null instead of generation 0", config("16", "0"), null, &[]),
        ("the same generation", config("16", "1"), config("16", "1e0"), &[]),
        ("the last of 38 digits", digits("1"), digits("2"), &[LocationForced]),
        ("new and forced", Value::Null, config("16", "1"), &[LocationForced]),
        ("a forced one removed", config("16", "1"), Value::Null, &[LocationForced]),
    ] {
        check(situation, "location#main", old, new, expected);
    }
}

#[test]
fn the_first_image_is_meaningful_where_the_distribution_may_have_cached_the_error_before_it() {
    let tenants = |tenant| BTreeSet::from([TenantId::parse(tenant).unwrap()]);
    let empty = || json!({"title": {"S": "new"}, "imageLocations": {"M": {}}});
    for (situation, old, new, expected) in [
        ("a new pack with an image", Value::Null, pack(), &[FirstImage][..]),
        ("the first image of a pack", empty(), pack(), &[FirstImage]),
        ("a new pack without images", Value::Null, empty(), &[]),
        ("another title of a pack without images", empty(), pack_with("imageLocations", json!({"NULL": true})), &[]),
        ("the removal of a pack without images", empty(), Value::Null, &[]),
        ("a second image", pack(), pack_with_main("original", original("v2")), &[ImageLocationsChanged]),
        ("a pack removed", pack(), Value::Null, &[PackRemoved]),
        ("nothing", pack(), pack(), &[]),
    ] {
        check_with(&tenants("acme"), situation, "pack#p1", old.clone(), new.clone(), expected);
        let of_another: Vec<_> = expected.iter().copied().filter(|reason| *reason != FirstImage).collect();
        check_with(&tenants("globex"), situation, "pack#p1", old, new, &of_another);
    }
    // A location without a configuration has the default one, so no error precedes its first configuration.
    let config = json!({"width": {"N": "16"}});
    check_with(&tenants("acme"), "a new location", "location#main", Value::Null, config, &[]);
}

#[test]
fn a_record_without_images_is_rejected() {
    for entity in ["pack#p1", "location#main"] {
        let result = detect_change(&record(entity, Value::Null, Value::Null), &BTreeSet::new());
        assert_eq!(result, Err(NoImagesError), "{entity}");
    }
}

/// A write of the pack, and the attributes that it touched, those that viewers see with an exclamation mark.
fn check_touched(entity: &str, old: Value, new: Value, expected: &[&str]) {
    let touched = touched(&record(entity, old, new));
    let named =
        |Touched { attribute, is_visible }: &Touched| format!("{attribute}{}", if *is_visible { "!" } else { "" });
    assert_eq!(touched.iter().map(named).collect::<Vec<_>>(), expected);
}

#[test]
fn a_write_touches_the_attributes_whose_meaning_it_changed() {
    check_touched("pack#p1", pack(), pack_with("title", json!({"S": "Late news"})), &["title"]);
    check_touched("pack#p1", pack(), pack_with("mainImageLocation", json!({"S": "poster"})), &["mainImageLocation!"]);
    let mut replaced = pack_with("imageLocations", json!({"M": {"main": {"M": {"original": original("v2")}}}}));
    replaced["assetId"] = json!({"NULL": true});
    check_touched("pack#p1", pack(), replaced, &["assetId", "imageLocations!"]);
    check_touched("pack#p1", pack(), pack(), &[]);
    let config = |width: &str, generation: &str| json!({"width": {"N": width}, "generation": {"N": generation}});
    check_touched("location#main", config("1", "1"), config("2", "1"), &["width"]);
    check_touched("location#main", config("1", "1"), config("1", "2"), &["generation!"]);
    check_touched("location#main", config("1", "1"), Value::Null, &["generation!", "width"]);
}
