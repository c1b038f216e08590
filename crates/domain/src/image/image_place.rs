//! The place of an image, and the keys of its originals.

use crate::identifier::{ImagePackId, LocationName, TenantId};
use contract::names::UPLOADS_PREFIX;

/// One location of one pack of one tenant: the place of one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlace {
    /// The tenant.
    pub tenant: TenantId,
    /// The pack.
    pub pack: ImagePackId,
    /// The location in the pack.
    pub location: LocationName,
}

impl ImagePlace {
    /// The key of the original `id`: `<tenant>/<imagePackId>/<location>/<id>`. Each original has an id of its own, so
    /// that storing one never overwrites the one that is shown.
    #[must_use]
    pub fn original_key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix())
    }

    /// Whether `key` names an original of this place, which may be deleted once no pack shows it.
    #[must_use]
    pub fn owns(&self, key: &str) -> bool {
        key.strip_prefix(&self.prefix()).is_some_and(|id| !id.is_empty())
    }

    /// The key of the upload `id` until it is confirmed: `.uploads/<tenant>/<imagePackId>/<location>/<id>`. `.uploads`
    /// is not a valid tenant.
    #[must_use]
    pub fn upload_key(&self, id: &str) -> String {
        format!("{UPLOADS_PREFIX}{}{id}", self.prefix())
    }

    fn prefix(&self) -> String {
        format!("{}/{}/{}/", self.tenant, self.pack, self.location)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> ImagePlace {
        ImagePlace {
            tenant: TenantId::parse("acme").unwrap(),
            pack: ImagePackId::parse("p1").unwrap(),
            location: LocationName::parse("main").unwrap(),
        }
    }

    #[test]
    fn an_original_has_its_tenants_prefix_and_an_upload_a_prefix_of_no_tenant() {
        assert_eq!(place().original_key("0b0e"), "acme/p1/main/0b0e");
        assert_eq!(place().upload_key("0b0e"), ".uploads/acme/p1/main/0b0e");
        assert!(TenantId::parse(".uploads").is_err());
    }

    #[test]
    fn a_place_owns_the_keys_with_its_prefix_and_no_others() {
        for (key, expected) in [
            ("acme/p1/main/0b0e", true),
            ("acme/p1/main/", false),
            ("acme/p1/main", false),
            ("acme/p1/main2/0b0e", false),
            ("acme/p10/main/0b0e", false),
            ("acme2/p1/main/0b0e", false),
            (".uploads/acme/p1/main/0b0e", false),
            ("shared/cat.jpg", false),
        ] {
            assert_eq!(place().owns(key), expected, "{key}");
        }
    }
}
