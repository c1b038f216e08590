//! Where the originals of one image lie in their bucket.

use crate::identifier::{ImagePackId, LocationName, TenantId};
use contract::names::UPLOADS_PREFIX;

/// One location of one pack of one tenant: what an image is put into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImagePlace {
    /// Whose.
    pub tenant: TenantId,
    /// Which pack.
    pub pack: ImagePackId,
    /// Which of its locations.
    pub location: LocationName,
}

impl ImagePlace {
    /// The key of the original called `id`: `<tenant>/<imagePackId>/<location>/<id>`. Every original has an id of its
    /// own, so that storing one never touches the one that is shown.
    #[must_use]
    pub fn original_key(&self, id: &str) -> String {
        format!("{}{id}", self.prefix())
    }

    /// Whether `key` names an original that this place was given, which may be deleted once nothing shows it.
    #[must_use]
    pub fn owns(&self, key: &str) -> bool {
        key.strip_prefix(&self.prefix()).is_some_and(|id| !id.is_empty())
    }

    /// Where the upload called `id` waits until it is confirmed: `.uploads/<tenant>/<imagePackId>/<location>/<id>`. No
    /// tenant can be called `.uploads`.
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
    fn an_original_lies_under_its_place_and_an_upload_where_no_tenant_can_be() {
        assert_eq!(place().original_key("0b0e"), "acme/p1/main/0b0e");
        assert_eq!(place().upload_key("0b0e"), ".uploads/acme/p1/main/0b0e");
        assert!(TenantId::parse(".uploads").is_err());
    }

    #[test]
    fn a_place_owns_what_lies_under_it_and_nothing_else() {
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
