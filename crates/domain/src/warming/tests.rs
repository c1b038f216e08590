use serde_json::json;

use super::*;

fn location(text: &str) -> RequestedLocation {
    text.parse().unwrap()
}

/// A pack with images at `main` and `poster`.
fn pack(main: Option<&str>) -> ImagePack {
    let image = json!({"original": {"key": "k", "version": "v"}});
    let pack = json!({"imageLocations": {"main": image, "poster": image}, "mainImageLocation": main});
    serde_json::from_value(pack).unwrap()
}

fn check(main: Option<&str>, demand: &[(&str, u64)], locations_max: usize, expected: &[&str]) {
    let demand = demand.iter().map(|(text, count)| (location(text), *count)).collect();
    let requested = most_requested(&pack(main), &demand, locations_max);
    let requested: Vec<_> = requested.iter().map(ToString::to_string).collect();
    assert_eq!(requested, expected, "{demand:?}, at most {locations_max}");
}

#[test]
fn the_most_requested_locations_of_the_pack_come_first_within_the_number() {
    check(Some("main"), &[("main", 3), ("poster", 9), ("*", 5)], 3, &["poster", "*", "main"]);
    check(Some("main"), &[("main", 3), ("poster", 9), ("*", 5)], 2, &["poster", "*"]);
    check(Some("main"), &[("main", 3), ("poster", 9), ("*", 5)], 0, &[]);
}

#[test]
fn a_location_that_the_pack_does_not_have_is_left_out() {
    check(Some("main"), &[("hero", 99), ("main", 1)], 2, &["main"]);
    // Without a main location, a URL without a location shows nothing.
    check(None, &[("*", 99), ("main", 1)], 2, &["main"]);
    check(Some("hero"), &[("*", 99), ("main", 1)], 2, &["main"]);
}

#[test]
fn a_location_without_a_request_is_left_out() {
    check(Some("main"), &[], 5, &[]);
    check(Some("main"), &[("main", 0)], 5, &[]);
}

#[test]
fn locations_with_as_many_requests_are_in_the_order_of_their_names() {
    check(Some("main"), &[("poster", 4), ("main", 4), ("*", 4)], 3, &["*", "main", "poster"]);
}

#[test]
fn the_text_of_a_location_is_its_name_or_a_sign_that_is_no_name() {
    for text in ["main", "*"] {
        assert_eq!(location(text).to_string(), text);
    }
    assert_eq!(location("*"), RequestedLocation(None));
    assert!("a/b".parse::<RequestedLocation>().is_err());
}

#[test]
fn requests_are_gathered_for_a_minute_and_taken_once_tenant_by_tenant() {
    let (acme, globex) = (TenantId::parse("acme").unwrap(), TenantId::parse("globex").unwrap());
    let after = |secs: u64| Timestamp::from_millis(1_000_000 + secs * 1_000);
    let mut gathered = Gathered::default();
    gathered.count(&globex, location("main"), after(1));
    gathered.count(&acme, location("main"), after(0));
    gathered.count(&acme, location("main"), after(59));
    gathered.count(&acme, location("*"), after(59));
    assert_eq!(gathered.take_due(after(59)), None);
    let of_acme = Demand::from([(location("*"), 1), (location("main"), 2)]);
    assert_eq!(gathered.take_due(after(70)), Some((acme, of_acme)));
    assert_eq!(gathered.take_due(after(70)), Some((globex, Demand::from([(location("main"), 1)]))));
    assert_eq!(gathered.take_due(after(70)), None);
}

#[test]
fn a_clock_that_goes_back_takes_nothing_out() {
    let acme = TenantId::parse("acme").unwrap();
    let mut gathered = Gathered::default();
    gathered.count(&acme, location("main"), Timestamp::from_millis(100_000));
    assert_eq!(gathered.take_due(Timestamp::from_millis(0)), None);
}
