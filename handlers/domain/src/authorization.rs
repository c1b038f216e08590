//! Whether an admin's token covers a tenant.

use crate::identifier::TenantId;

/// Whether the token's tenant claim covers `tenant`, by exact comparison of whole names: `acme` does not cover
/// `acme2`, and there is no wildcard.
///
/// The claim is a JSON array of tenants. API Gateway hands an array claim to the function as text, in brackets and
/// parted by spaces (`[acme globex]`), and a single string as it is; a JSON array and commas are read as well.
#[must_use]
pub fn claim_covers(claim: &str, tenant: &TenantId) -> bool {
    claim
        .trim()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .split([' ', ','])
        .map(|name| name.trim_matches('"'))
        .any(|name| name == tenant.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claim: &str, tenant: &str, expected: bool) {
        assert_eq!(claim_covers(claim, &TenantId::parse(tenant).unwrap()), expected, "{claim:?} {tenant:?}");
    }

    #[test]
    fn a_claim_covers_the_tenants_that_it_names_in_whole() {
        for claim in ["acme", "[acme]", "[acme globex]", "[globex acme]", "[globex, acme]", "[\"globex\",\"acme\"]"] {
            check(claim, "acme", true);
        }
    }

    #[test]
    fn a_claim_covers_nobody_else() {
        for claim in ["", "[]", "acme2", "acm", "[acme2 globex]", "*", "[*]", "ACME", "acme/", "a c m e"] {
            check(claim, "acme", false);
        }
        check("acme", "acme2", false);
    }
}
