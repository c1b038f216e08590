//! Authorization: the tenants that an admin's token covers.

use crate::identifier::TenantId;

/// Whether the token's tenant claim covers `tenant`, by exact comparison of whole names: `acme` does not cover
/// `acme2`, and there is no wildcard.
///
/// The claim is a JSON array of tenants. API Gateway hands an array claim to the function as text, in brackets and
/// separated by spaces (`[acme globex]`), and a single string as it is; a JSON array and commas are read as well.
#[must_use]
pub fn claim_covers(claim: &str, tenant: &TenantId) -> bool {
    claim_names(claim, tenant.as_str())
}

/// Whether a claim names `name`, by exact comparison: a scope in a list of scopes, for example.
#[must_use]
pub fn claim_names(claim: &str, name: &str) -> bool {
    names(claim).any(|one| one == name)
}

/// The tenants that the claim names, in its order. A name that is not a tenant identifier is ignored: a `*` covers no
/// tenant.
#[must_use]
pub fn claimed_tenants(claim: &str) -> Vec<TenantId> {
    let mut tenants = Vec::new();
    for tenant in names(claim).filter_map(|name| TenantId::parse(name).ok()) {
        if !tenants.contains(&tenant) {
            tenants.push(tenant);
        }
    }
    tenants
}

fn names(claim: &str) -> impl Iterator<Item = &str> {
    let list = claim.trim().trim_start_matches('[').trim_end_matches(']');
    list.split([' ', ',']).map(|name| name.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claim: &str, tenant: &str, expected: bool) {
        assert_eq!(claim_covers(claim, &TenantId::parse(tenant).unwrap()), expected, "{claim:?} {tenant:?}");
    }

    #[test]
    fn a_claim_covers_the_tenants_with_exactly_its_names() {
        for claim in ["acme", "[acme]", "[acme globex]", "[globex acme]", "[globex, acme]", "[\"globex\",\"acme\"]"] {
            check(claim, "acme", true);
        }
    }

    #[test]
    fn the_tenants_of_a_claim_are_its_valid_names_without_repetition() {
        for (claim, expected) in [
            ("", &[][..]),
            ("[]", &[]),
            ("[*]", &[]),
            ("acme", &["acme"]),
            ("[acme]", &["acme"]),
            ("[acme acme]", &["acme"]),
            ("[globex, acme]", &["globex", "acme"]),
            ("[\"globex\",\"acme\"]", &["globex", "acme"]),
        ] {
            let tenants = claimed_tenants(claim);
            assert_eq!(tenants.iter().map(TenantId::as_str).collect::<Vec<_>>(), expected, "{claim:?}");
        }
    }

    #[test]
    fn a_claim_covers_no_other_tenant() {
        for claim in ["", "[]", "acme2", "acm", "[acme2 globex]", "*", "[*]", "ACME", "acme/", "a c m e"] {
            check(claim, "acme", false);
        }
        check("acme", "acme2", false);
    }
}
