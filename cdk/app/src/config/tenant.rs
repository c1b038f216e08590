//! The tenants: their options and the allowed values.

use serde::Deserialize;

use super::Environment;
use super::rules::{NotAllowed, named_twice};

/// One tenant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The tenant's existing distribution; without it, the tenant's stack creates one.
    pub distribution: Option<ExistingDistribution>,
}

/// An existing distribution of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExistingDistribution {
    /// Id of the distribution.
    pub id: String,
    /// `true` if it reads cache tags from the configured header. Otherwise purges name paths.
    pub cache_tags: bool,
}

/// The first value that is not allowed.
pub(super) fn first_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    distribution_not_allowed(environment)
}

fn distribution_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let distributions = || {
        let tenants = environment.tenants.iter();
        tenants.filter_map(|(tenant, options)| Some((tenant, options.distribution.as_ref()?.id.as_str())))
    };
    if let Some((tenant, id)) = distributions().find(|(_, id)| !is_distribution_id(id)) {
        let allowed = "a distribution's id, for example E1ABCDEF2GHIJK";
        return Some(NotAllowed::new(format!("tenants.{tenant}.distribution.id"), format!("{id:?}"), allowed));
    }
    let ids = distributions().map(|(_, id)| id);
    named_twice("tenants.*.distribution.id", ids, "a distribution for each tenant: a purge must not cross a tenant")
}

fn is_distribution_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tests::{DEV, check, read};

    #[test]
    fn a_tenant_that_cannot_be_a_host_name_is_rejected() {
        for tenant in ["Acme", "a_b", "-a", "", "a.b", "*"] {
            let table = format!("[tenants.{tenant:?}]");
            check("[tenants.globex]", &table, &["tenants", &format!("tenant {tenant:?} is not valid"), "1 to 63"]);
        }
        check("[tenants.globex]", "[tenants.acme]", &["acme", "duplicate key"]);
    }

    #[test]
    fn a_tenants_table_may_be_empty_and_has_no_unknown_options() {
        assert_eq!(
            read(DEV).unwrap().tenants.into_values().collect::<Vec<_>>(),
            [Tenant::default(), Tenant::default()]
        );
        check("[tenants.globex]", "[tenants.globex]\ndistribtion = 1", &["distribtion", "`distribution`"]);
        check("[tenants.globex]", "[tenants]\nglobex = \"\"", &["globex", "expected struct Tenant"]);
    }
}
