//! The keys of the image-pack table.

use crate::identifier::TenantId;
use crate::target::Target;

/// The pack or the location configuration that a key of the image-pack table names; `tenant` and `entity` are the key
/// attributes that are texts. `None`: the item belongs to another program. No URL can name an image of such a key, so
/// no viewer depends on the item.
#[must_use]
pub fn item_key(tenant: Option<&str>, entity: Option<&str>) -> Option<(TenantId, Target)> {
    match Target::parse(entity?).ok()? {
        // A target that only the queue has.
        Target::Tenant => None,
        target => Some((TenantId::parse(tenant?).ok()?, target)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(tenant: Option<&str>, entity: Option<&str>, expected: Option<&str>) {
        let named = item_key(tenant, entity).map(|(tenant, target)| format!("{tenant} {target}"));
        assert_eq!(named.as_deref(), expected, "{tenant:?} {entity:?}");
    }

    #[test]
    fn a_key_names_a_pack_or_a_location_of_a_tenant() {
        check(Some("acme"), Some("pack#p1"), Some("acme pack#p1"));
        check(Some("acme"), Some("location#main"), Some("acme location#main"));
    }

    #[test]
    fn any_other_key_belongs_to_another_program() {
        for entity in [
            "",
            "asset#1",
            "user#7",
            "PACK#p1",
            "packs",
            "pack",
            "pack#",
            "pack#*",
            "pack#a/b",
            "pack#p1#comment#7",
            "pack#p1#",
            "location#",
            "location#a/b",
            "location#main#x",
            "tenant",
            "tenant#acme",
        ] {
            check(Some("acme"), Some(entity), None);
        }
        for tenant in ["", "ACME", "Acme Corp.", "acme*", "acme/globex"] {
            check(Some(tenant), Some("pack#p1"), None);
        }
        check(None, Some("pack#p1"), None);
        check(Some("acme"), None, None);
    }
}
