//! The place at which a request to image-processing names its tenant.

use std::fmt;
use std::str::FromStr;

/// Beginning of a path that names the tenant: `/t/<tenant>/api/v2/img/<imagePackId>`. A multi-tenant distribution sends its
/// requests below it, because an origin's custom headers cannot contain the parameter of a distribution tenant.
pub const TENANT_PATH_PREFIX: &str = "/t/";

/// The only place at which image-processing looks for the tenant. CloudFront sets it, and viewers can send the other one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantSource {
    /// [`TENANT_HEADER`](crate::headers::TENANT_HEADER), set by a tenant's own distribution.
    Header,
    /// The path after [`TENANT_PATH_PREFIX`], set by the multi-tenant distribution.
    Path,
}

/// The error of a text that names no source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no source of tenants: allowed are \"header\" and \"path\"")]
pub struct UnknownTenantSourceError(String);

impl FromStr for TenantSource {
    type Err = UnknownTenantSourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = [Self::Header, Self::Path].into_iter().find(|source| source.to_string() == text);
        found.ok_or_else(|| UnknownTenantSourceError(text.to_owned()))
    }
}

impl fmt::Display for TenantSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Header => "header",
            Self::Path => "path",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_read_as_it_is_written_and_no_other_text_is_one() {
        for source in [TenantSource::Header, TenantSource::Path] {
            assert_eq!(source.to_string().parse(), Ok(source));
        }
        let error = "Header".parse::<TenantSource>().unwrap_err().to_string();
        assert!(error.contains("\"Header\"") && error.contains("\"path\""), "{error}");
    }
}
