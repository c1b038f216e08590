//! One item of a CloudFront invalidation batch.

use std::fmt;

use crate::identifier::TenantId;
use crate::image::image_url::IMAGE_PATH_PREFIX;
use crate::purge::cache_tag::tag_of;
use crate::target::Target;

/// One item of an invalidation batch. CloudFront bills it as one path, whatever the number of objects that it covers.
/// Its text form is that of CloudFront's API: `#<tag>` or a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvalidationItem {
    /// Every object that carries this cache tag.
    Tag(String),
    /// Every object whose path begins with the part before the final `*`.
    Wildcard(String),
}

impl InvalidationItem {
    /// The item that covers `target`. If the distribution has cache tags, it is the exact tag. Otherwise it is a
    /// wildcard path: that of a pack also covers packs whose id begins with its id, and that of a location covers the
    /// whole tenant, because the location is in the query string. Both stay within the tenant's own distribution.
    #[must_use]
    pub fn covering(tenant: &TenantId, target: &Target, has_cache_tags: bool) -> Self {
        match target {
            _ if has_cache_tags => Self::Tag(tag_of(tenant, target)),
            Target::Pack(id) => Self::Wildcard(format!("{IMAGE_PATH_PREFIX}{id}*")),
            Target::Location(_) | Target::Tenant => Self::Wildcard(format!("{IMAGE_PATH_PREFIX}*")),
        }
    }
}

impl fmt::Display for InvalidationItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => write!(formatter, "#{tag}"),
            Self::Wildcard(path) => formatter.write_str(path),
        }
    }
}

/// Whether CloudFront counts `item`, in its text form, as a wildcard.
#[must_use]
pub fn is_wildcard(item: &str) -> bool {
    item.starts_with('/') && item.ends_with('*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, has_cache_tags: bool, expected: &str) {
        let tenant = TenantId::parse("acme").unwrap();
        let target = Target::parse(target).unwrap();
        assert_eq!(InvalidationItem::covering(&tenant, &target, has_cache_tags).to_string(), expected);
    }

    #[test]
    fn a_target_is_one_exact_tag_where_the_distribution_knows_tags() {
        check("pack#p1", true, "#acme/p1");
        check("location#main", true, "#acme/location/main");
        check("tenant", true, "#acme");
    }

    #[test]
    fn a_target_is_a_wildcard_within_the_distribution_otherwise() {
        check("pack#p1", false, "/api/v2/img/p1*");
        check("location#main", false, "/api/v2/img/*");
        check("tenant", false, "/api/v2/img/*");
    }
}
