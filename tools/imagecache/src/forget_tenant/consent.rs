//! Decisions about the removal of a tenant.

use contract::names::Distribution;
use domain::TenantId;

/// The decision about a tenant's packs and originals, which no program can make again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consent {
    /// Delete them.
    Given,
    /// Keep them.
    Withheld,
    /// Ask.
    Asked,
}

/// The decision by the option `--delete-originals`, and by whether a person is at the terminal.
pub(crate) fn consent(delete_originals: bool, is_terminal: bool) -> Consent {
    match (delete_originals, is_terminal) {
        (true, _) => Consent::Given,
        (false, true) => Consent::Asked,
        (false, false) => Consent::Withheld,
    }
}

/// Whether `answer` consents to the deletion: it is the tenant's name. A habitual `y` deletes nothing.
pub(crate) fn is_consent(tenant: &TenantId, answer: &str) -> bool {
    answer.trim() == tenant.as_str()
}

/// The reason not to remove a tenant: the distribution that it is registered with.
pub(crate) fn rejection(environment: &str, tenant: &TenantId, registered: Option<&Distribution>) -> Option<String> {
    let Distribution { distribution_id, distribution_tenant_id, .. } = registered?;
    let action = match distribution_tenant_id {
        None => format!(
            "Delete its stack first, while its table is still in the environment's file: cdk destroy --context \
             environment={environment} {environment}/tenant-{tenant}"
        ),
        Some(_) => format!(
            "Remove its table from the environment's file first, and deploy its shard: cdk deploy --context \
             environment={environment} '{environment}/tenants-*'"
        ),
    };
    Some(format!(
        "{tenant} is still registered, with distribution {distribution_id}, so viewers and purges use what would be \
         removed. {action}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant() -> TenantId {
        TenantId::parse("acme").unwrap()
    }

    #[test]
    fn originals_are_deleted_only_by_the_option_or_after_a_question() {
        for (option, is_terminal, expected) in [
            (true, true, Consent::Given),
            (true, false, Consent::Given),
            (false, true, Consent::Asked),
            (false, false, Consent::Withheld),
        ] {
            assert_eq!(consent(option, is_terminal), expected, "{option} {is_terminal}");
        }
    }

    #[test]
    fn only_the_tenants_name_consents() {
        for (answer, expected) in [
            ("acme", true),
            (" acme\n", true),
            ("", false),
            ("y", false),
            ("yes", false),
            ("Acme", false),
            ("acme2", false),
        ] {
            assert_eq!(is_consent(&tenant(), answer), expected, "{answer:?}");
        }
    }

    #[test]
    fn a_registered_tenant_is_rejected_with_the_command_that_deletes_its_stack() {
        assert_eq!(rejection("dev", &tenant(), None), None);
        for (distribution_tenant_id, command) in [
            (None, "cdk destroy --context environment=dev dev/tenant-acme"),
            (Some("dt_1".to_owned()), "cdk deploy --context environment=dev 'dev/tenants-*'"),
        ] {
            let registered =
                Distribution { distribution_id: "E1".to_owned(), distribution_tenant_id, cache_tags: true };
            let reason = rejection("dev", &tenant(), Some(&registered)).unwrap();
            assert!(reason.contains("E1") && reason.ends_with(command), "{reason}");
        }
    }
}
