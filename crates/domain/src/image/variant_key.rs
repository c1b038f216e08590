//! The keys of stored variants, and the scope of a deletion.

use crate::identifier::{ImagePackId, LocationName, Suffix, TenantId};
use crate::target::Target;

/// The key of one variant in the variants bucket: `<tenant>/<imagePackId>/<location>/default`, or
/// `…/suffix=<suffix>` for a URL with a suffix, which is a cache entry of its own.
#[must_use]
pub fn variant_key(tenant: &TenantId, pack: &ImagePackId, location: &LocationName, suffix: Option<&Suffix>) -> String {
    match suffix {
        None => format!("{tenant}/{pack}/{location}/default"),
        Some(suffix) => format!("{tenant}/{pack}/{location}/suffix={suffix}"),
    }
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
            &["acme/p1/main/default", "acme/p1/main/suffix=v2", "acme/p1/main/suffix=", "acme/p1/poster/default"],
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
    fn a_suffix_is_part_of_the_variants_key_and_collides_with_nothing() {
        let key = |suffix: Option<&str>| {
            variant_key(
                &TenantId::parse("acme").unwrap(),
                &ImagePackId::parse("p1").unwrap(),
                &LocationName::parse("main").unwrap(),
                suffix.map(|suffix| Suffix::parse(suffix).unwrap()).as_ref(),
            )
        };
        assert_eq!(key(None), "acme/p1/main/default");
        assert_eq!(key(Some("default")), "acme/p1/main/suffix=default");
        assert_eq!(key(Some("")), "acme/p1/main/suffix=");
    }
}
