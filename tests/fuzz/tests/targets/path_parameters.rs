//! Path parameters and the purges that they result in.

use bolero::check;
use domain::image::image_place::ImagePlace;
use domain::image::variant_key::{VariantScope, marker_key, variant_key};
use domain::purge::cache_tag::header_value;
use domain::purge::invalidation_item::InvalidationItem;
use domain::{ImagePackId, InvalidIdentifierError, LocationName, Suffix, Target, TenantId};
use fuzz::{ITERATIONS, text};

/// CloudFront's limits on one tag and on one path, in characters (developer guide, "Invalidating content by cache tags"
/// and "What you need to know when invalidating files").
const TAG_CHARS_MAX: usize = 256;
const PATH_CHARS_MAX: usize = 4_000;
/// S3's limit on a key, in bytes (user guide, "Naming Amazon S3 objects").
const KEY_BYTES_MAX: usize = 1_024;

const TENANTS: &[&str] = &["acme", "acme2", "tv-2", "a", "-acme", "ACME", "аcme", "acme.", ""];
const PACKS: &[&str] =
    &["p1", "P1", "a-b_c.d", "550e8400-e29b-41d4-a716-446655440000", "location", "..", "p*", "~p", ""];
const LOCATIONS: &[&str] = &["main", "16-9", "poster_2", "a/b", "..", "*"];
const SUFFIXES: &[&str] = &["", "v2", "20260101T1200", "a.b_c", "..", "*"];

fn check_reason(rejected: &InvalidIdentifierError) {
    let reason = rejected.to_string();
    assert!(reason.contains("allowed are") && reason.chars().count() < 1_000, "{reason:?}");
    assert!(!reason.contains(char::is_control), "{reason:?}");
}

fn check_tag(tag: &str) {
    assert!((1..=TAG_CHARS_MAX).contains(&tag.len()), "{tag:?}");
    assert!(tag.bytes().all(|byte| byte.is_ascii_graphic() && !b",*~#%".contains(&byte)), "{tag:?}");
}

/// Checks that a wildcard path covers images only and has no wildcard before its final `*`.
fn check_wildcard(path: &str) {
    let fixed = path.strip_suffix('*').expect("a final *");
    assert!(fixed.starts_with("/api/v2/img/") && path.len() <= PATH_CHARS_MAX, "{path:?}");
    assert!(fixed.bytes().all(|byte| byte.is_ascii_graphic() && !b"*~#%?\\".contains(&byte)), "{path:?}");
    assert!(!fixed.contains("//") && !fixed.contains("/../"), "{path:?}");
}

/// Checks that a key has `segments` parts and that none of them is empty or relative.
fn check_key(key: &str, segments: usize) {
    let parts: Vec<_> = key.split('/').collect();
    assert!(parts.len() == segments && key.len() <= KEY_BYTES_MAX, "{key:?}");
    assert!(parts.iter().all(|part| !["", ".", ".."].contains(part)), "{key:?}");
}

fn check_purge(tenant: &TenantId, target: &Target) {
    for has_cache_tags in [true, false] {
        match InvalidationItem::covering(tenant, target, has_cache_tags) {
            InvalidationItem::Tag(tag) => check_tag(&tag),
            InvalidationItem::Wildcard(path) => check_wildcard(&path),
        }
    }
    let scope = VariantScope::of(tenant, target);
    assert!(scope.prefix.starts_with(&format!("{tenant}/")) && scope.prefix.ends_with('/'), "{scope:?}");
    assert!(!scope.covers(&format!("{tenant}2/p1/main/default")), "{scope:?}");
}

#[test]
fn an_id_is_rejected_with_a_reason_or_stays_within_its_purge_and_folder() {
    let parameters = (text(TENANTS), text(PACKS), text(LOCATIONS), text(SUFFIXES));
    check!().with_iterations(ITERATIONS).with_generator(parameters).for_each(|(tenant, pack, location, suffix)| {
        // A rejected name is replaced, so that it does not hide another one.
        let tenant = TenantId::parse(tenant).unwrap_or_else(|rejected| {
            check_reason(&rejected);
            TenantId::parse("acme").unwrap()
        });
        let pack = ImagePackId::parse(pack).unwrap_or_else(|rejected| {
            check_reason(&rejected);
            ImagePackId::parse("p1").unwrap()
        });
        let location = LocationName::parse(location).unwrap_or_else(|rejected| {
            check_reason(&rejected);
            LocationName::parse("main").unwrap()
        });
        if let Err(rejected) = Suffix::parse(suffix) {
            check_reason(&rejected);
        }

        for target in [Target::Pack(pack.clone()), Target::Location(location.clone()), Target::Tenant] {
            check_purge(&tenant, &target);
        }
        header_value(&tenant, [&pack], Some(&location)).split(',').for_each(check_tag);
        let hash = "61a5bda44a840454";
        for key in [variant_key(&tenant, &pack, &location, hash), marker_key(&tenant, &pack, &location, hash)] {
            check_key(&key, 4);
            assert!(VariantScope::of(&tenant, &Target::Pack(pack.clone())).covers(&key), "{key:?}");
        }
        let place = ImagePlace { tenant, pack, location };
        check_key(&place.original_key("1"), 4);
        check_key(&place.upload_key("1"), 5);
    });
}
