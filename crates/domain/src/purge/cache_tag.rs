//! Cache tags: one function for the responses that carry them and for the purges that name them.
//!
//! CloudFront accepts a purge by a tag that matches no object, so a tag that is written differently in the two places
//! fails silently. Both therefore call [`tag_of`].
//! CloudFront compares tags without regard to case, takes at most 256 characters of ASCII 33 to 126 without commas,
//! and no wildcard; the identifiers guarantee all of it.

use crate::identifier::{ImagePackId, LocationName, TenantId};
use crate::target::Target;

/// The tag that each cached response of `target` carries and that a purge of `target` names.
/// Packs that differ only in case share a tag: a purge of one refreshes both, which is safe.
#[must_use]
pub fn tag_of(tenant: &TenantId, target: &Target) -> String {
    match target {
        Target::Pack(id) => format!("{tenant}/{id}"),
        Target::Location(name) => format!("{tenant}/location/{name}"),
        Target::Tenant => tenant.to_string(),
    }
}

/// The value of the cache-tag header of a response: the packs that its URL may mean, its location, its tenant. An error
/// response to a URL without a location has no `location`.
///
/// `packs` are all readings of the URL, not only the pack of the image: when a pack is created that the URL then means
/// (`cat-2`, which was `cat` with the suffix `2`), a purge of that pack must cover the cached response.
#[must_use]
pub fn header_value<'a>(
    tenant: &TenantId,
    packs: impl IntoIterator<Item = &'a ImagePackId>,
    location: Option<&LocationName>,
) -> String {
    let packs = packs.into_iter().map(|pack| Target::Pack(pack.clone()));
    let location = location.cloned().map(Target::Location);
    let targets = packs.chain(location).chain([Target::Tenant]);
    targets.map(|target| tag_of(tenant, &target)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CloudFront's limit on one tag, in characters (developer guide, "Invalidating content by cache tags").
    const TAG_MAX_CHARS: usize = 256;

    #[test]
    fn a_variant_carries_the_tag_of_every_target_that_covers_it() {
        let tenant = TenantId::parse("acme").unwrap();
        let [dashed, pack] = ["p1-2", "p1"].map(|pack| ImagePackId::parse(pack).unwrap());
        let location = LocationName::parse("main").unwrap();
        assert_eq!(header_value(&tenant, [&pack], Some(&location)), "acme/p1,acme/location/main,acme");
        assert_eq!(
            header_value(&tenant, [&dashed, &pack], Some(&location)),
            "acme/p1-2,acme/p1,acme/location/main,acme"
        );
    }

    #[test]
    fn the_longest_identifiers_still_make_a_tag() {
        let tenant = TenantId::parse(&"t".repeat(63)).unwrap();
        for target in [
            Target::Pack(ImagePackId::parse(&"p".repeat(128)).unwrap()),
            Target::Location(LocationName::parse(&"l".repeat(64)).unwrap()),
        ] {
            assert!(tag_of(&tenant, &target).len() <= TAG_MAX_CHARS);
        }
    }

    #[test]
    fn a_tenants_tags_match_no_other_tenants() {
        let pack = Target::Pack(ImagePackId::parse("p1").unwrap());
        let tags = |tenant: &str| tag_of(&TenantId::parse(tenant).unwrap(), &pack);
        assert_ne!(tags("acme"), tags("acme2"));
    }
}
