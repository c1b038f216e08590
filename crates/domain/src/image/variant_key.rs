//! The keys of stored variants, and the scope of a deletion.

use crate::identifier::{ImagePackId, LocationName, TenantId};
use crate::target::Target;

/// The key of one variant in the variants bucket: `<tenant>/<imagePackId>/<location>/<fingerprint>`, with the
/// [`fingerprint`](crate::image::fingerprint::fingerprint()) of the image. A variant under the key of the current
/// fingerprint is current; one under another key is never read.
///
/// A URL's suffix is not part of it: the suffix makes a cache entry in CloudFront, and all suffixes share one variant.
#[must_use]
pub fn variant_key(tenant: &TenantId, pack: &ImagePackId, location: &LocationName, fingerprint: &str) -> String {
    format!("{tenant}/{pack}/{location}/{fingerprint}")
}

/// The key of the marker that no variant can be rendered for `rendering_id`, which is that of
/// [`rendering_id`](crate::image::fingerprint::rendering_id): `<tenant>/<imagePackId>/<location>/unrenderable=<id>`.
#[must_use]
pub fn marker_key(tenant: &TenantId, pack: &ImagePackId, location: &LocationName, rendering_id: &str) -> String {
    format!("{tenant}/{pack}/{location}/unrenderable={rendering_id}")
}

/// The objects of the variants bucket that a purge of a target deletes: the keys under `prefix` for which
/// [`VariantScope::covers`] is true.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VariantScope {
    /// The prefix to list. It begins with the tenant and ends with `/`, so that `acme` never covers `acme2` and pack
    /// `p1` never covers `p10`.
    pub prefix: String,
    location: Option<LocationName>,
}

impl VariantScope {
    /// The scope of `target`: every variant of it.
    #[must_use]
    pub fn of(tenant: &TenantId, target: &Target) -> Self {
        match target {
            Target::Pack(id) => Self { prefix: format!("{tenant}/{id}/"), location: None },
            Target::Location(name) => Self { prefix: format!("{tenant}/"), location: Some(name.clone()) },
            Target::Tenant => Self { prefix: format!("{tenant}/"), location: None },
        }
    }

    /// Whether the object `key`, listed under [`VariantScope::prefix`], is in the scope.
    #[must_use]
    pub fn covers(&self, key: &str) -> bool {
        key.starts_with(&self.prefix)
            && self.location.as_ref().is_none_or(|location| key.split('/').nth(2) == Some(location.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, deleted: &[&str], kept: &[&str]) {
        let scope = VariantScope::of(&TenantId::parse("acme").unwrap(), &Target::parse(target).unwrap());
        for key in deleted {
            assert!(scope.covers(key), "{target} deletes {key}");
        }
        for key in kept {
            assert!(!scope.covers(key), "{target} keeps {key}");
        }
    }

    #[test]
    fn the_scope_of_a_pack_is_all_its_variants_and_no_other_packs() {
        check(
            "pack#p1",
            // The last two have the keys of former releases.
            &["acme/p1/main/2f8082a57c67039b", "acme/p1/poster/default", "acme/p1/main/suffix=v2"],
            &["acme/p10/main/default", "acme2/p1/main/default", "globex/p1/main/default"],
        );
    }

    #[test]
    fn the_scope_of_a_location_is_that_location_over_all_packs() {
        check(
            "location#main",
            &["acme/p1/main/default", "acme/p2/main/suffix=v2"],
            &["acme/p1/poster/default", "acme/main/poster/default", "acme2/p1/main/default"],
        );
    }

    #[test]
    fn the_scope_of_a_tenant_is_everything_of_that_tenant_only() {
        check("tenant", &["acme/p1/main/default"], &["acme2/p1/main/default"]);
    }

    #[test]
    fn a_purge_of_the_pack_the_location_or_the_tenant_deletes_a_variant_and_a_marker() {
        let tenant = TenantId::parse("acme").unwrap();
        let (pack, location) = (ImagePackId::parse("p1").unwrap(), LocationName::parse("main").unwrap());
        let keys = [
            variant_key(&tenant, &pack, &location, "2f8082a57c67039b"),
            marker_key(&tenant, &pack, &location, "61a5bda44a840454"),
        ];
        assert_eq!(keys, ["acme/p1/main/2f8082a57c67039b", "acme/p1/main/unrenderable=61a5bda44a840454"]);
        for target in ["pack#p1", "location#main", "tenant"] {
            let scope = VariantScope::of(&tenant, &Target::parse(target).unwrap());
            assert!(keys.iter().all(|key| scope.covers(key)), "{target}");
        }
    }
}
