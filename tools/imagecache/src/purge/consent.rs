//! The decision whether to purge what spans packs.

use domain::TenantId;

/// The decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Consent {
    /// Purge.
    Given,
    /// Preview only.
    Withheld,
    /// Preview, and ask.
    Asked,
}

/// The decision by the options: `is_risky` is a purge that spans packs, without `--yes`. `is_terminal`: a person can answer.
pub(super) fn consent(is_risky: bool, is_dry_run: bool, is_terminal: bool) -> Consent {
    match (is_dry_run, is_risky, is_terminal) {
        (true, ..) | (false, true, false) => Consent::Withheld,
        (false, false, _) => Consent::Given,
        (false, true, true) => Consent::Asked,
    }
}

/// Whether `answer` consents: it is the tenant's name. A habitual `y` purges nothing.
pub(super) fn is_consent(tenant: &TenantId, answer: &str) -> bool {
    answer.trim() == tenant.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_risky_purge_needs_consent_and_a_dry_run_purges_nothing() {
        for (is_risky, is_dry_run, is_terminal, expected) in [
            (false, false, false, Consent::Given),
            (false, false, true, Consent::Given),
            (false, true, true, Consent::Withheld),
            (true, true, true, Consent::Withheld),
            (true, false, false, Consent::Withheld),
            (true, false, true, Consent::Asked),
        ] {
            assert_eq!(consent(is_risky, is_dry_run, is_terminal), expected, "{is_risky} {is_dry_run} {is_terminal}");
        }
    }

    #[test]
    fn only_the_tenants_name_consents() {
        let tenant = TenantId::parse("acme").unwrap();
        for (answer, expected) in [("acme", true), (" acme\n", true), ("", false), ("y", false), ("ACME", false)] {
            assert_eq!(is_consent(&tenant, answer), expected, "{answer:?}");
        }
    }
}
