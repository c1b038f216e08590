//! The tenants: their options and the allowed values.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Environment;
use super::rules::{NotAllowed, named_twice};

/// One tenant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// The tenant's existing distribution; without it, the tenant's stack creates one.
    pub distribution: Option<ExistingDistribution>,
    /// The number of the edge stack, whose policies the tenant's distribution shares.
    #[serde(default = "first_edge")]
    pub edge: u32,
}

impl Default for Tenant {
    fn default() -> Self {
        Self { distribution: None, edge: first_edge() }
    }
}

const fn first_edge() -> u32 {
    *EDGES_ALLOWED.start()
}

/// The edge stacks of an environment. An account has 20 custom cache policies, by CloudFront's default quota.
const EDGES_ALLOWED: RangeInclusive<u32> = 1..=20;

/// CloudFront's number of distributions for one cache policy. It cannot be raised.
const TENANTS_PER_EDGE: usize = 100;

/// The existing distributions of an environment. Each adds a grant of some 220 characters to both purging roles, whose
/// inline policies may have 10,240 characters; their other statements have up to 3,000.
const EXISTING_DISTRIBUTIONS_MAX: usize = 30;

/// An existing distribution of a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExistingDistribution {
    /// Id of the distribution.
    pub id: String,
    /// `true` if it reads cache tags from the configured header. Otherwise purges name paths.
    pub cache_tags: bool,
}

/// The values that are not allowed: the first distribution, the first edge stack, and the number of existing distributions.
pub(super) fn not_allowed(environment: &Environment) -> Vec<NotAllowed> {
    let found = [distribution_not_allowed(environment), edge_not_allowed(environment), too_many_existing(environment)];
    found.into_iter().flatten().collect()
}

fn edge_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let mut tenants_of = BTreeMap::<u32, usize>::new();
    for (tenant, options) in environment.tenants.iter().filter(|(_, options)| options.distribution.is_none()) {
        let key = || format!("tenants.{tenant}.edge");
        if !EDGES_ALLOWED.contains(&options.edge) {
            let allowed = format!("{} to {}", EDGES_ALLOWED.start(), EDGES_ALLOWED.end());
            return Some(NotAllowed::new(key(), options.edge.to_string(), allowed));
        }
        let tenants = tenants_of.entry(options.edge).or_default();
        *tenants += 1;
        if *tenants > TENANTS_PER_EDGE {
            let value = format!("{}, which {TENANTS_PER_EDGE} other tenants have", options.edge);
            let allowed = "a number that fewer tenants have: that many distributions share the policies of an edge stack. \
                           Leave those of deployed tenants as they are";
            return Some(NotAllowed::new(key(), value, allowed));
        }
    }
    None
}

fn too_many_existing(environment: &Environment) -> Option<NotAllowed> {
    let existing = environment.tenants.values().filter(|tenant| tenant.distribution.is_some()).count();
    (existing > EXISTING_DISTRIBUTIONS_MAX).then(|| {
        let allowed = format!("{EXISTING_DISTRIBUTIONS_MAX}, because each adds a grant to two roles");
        NotAllowed::new("tenants.*.distribution", format!("set for {existing} tenants"), allowed)
    })
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

    /// The development environment with so many further tenants of edge stack 1.
    fn with_tenants(further: usize, last: &str) -> Result<Environment, String> {
        let tenants: Vec<_> = (0..further).map(|number| format!("[tenants.t{number:03}]\n")).collect();
        read(&DEV.replace("[tenants.globex]", &format!("[tenants.globex]\n{}{last}\n", tenants.concat())))
    }

    #[test]
    fn a_hundred_tenants_share_an_edge_stack_and_the_next_one_names_another() {
        assert_eq!(with_tenants(98, "").unwrap().tenants.len(), 100);
        let message = with_tenants(98, "[tenants.zoo]").unwrap_err();
        for expected in
            ["dev.toml:", "tenants.zoo.edge is 1, which 100 other tenants have", "allowed: a number that fewer"]
        {
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
        assert!(with_tenants(98, "[tenants.zoo]\nedge = 2").is_ok());
        // An existing distribution shares no policy.
        assert!(with_tenants(98, "[tenants.zoo]\ndistribution = { id = \"E1\", cache_tags = true }").is_ok());
        check("[tenants.globex]", "[tenants.globex]\nedge = 21", &["tenants.globex.edge is 21", "1 to 20"]);
    }

    #[test]
    fn the_grants_for_existing_distributions_fit_a_role() {
        let existing = |count: usize| {
            let tenant =
                |number| format!("[tenants.t{number}]\ndistribution = {{ id = \"E{number}\", cache_tags = true }}\n");
            let tenants: Vec<_> = (0..count).map(tenant).collect();
            read(&DEV.replace("[tenants.globex]", &format!("[tenants.globex]\n{}", tenants.concat())))
        };
        assert!(existing(30).is_ok());
        let message = existing(31).unwrap_err();
        assert!(message.contains("tenants.*.distribution is set for 31 tenants; allowed: 30"), "{message}");
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
