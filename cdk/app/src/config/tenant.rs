//! The tenants: their options and the allowed values.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use contract::TenantId;
use schemars::JsonSchema;
use serde::Deserialize;

use super::rules::{NotAllowed, named_twice};
use super::{Environment, ViewerMode};

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

/// The shards of multi-tenant mode: the stacks of the distribution tenants. An account has 10,000 distribution tenants by
/// default, about a hundred in each shard; each takes two of the 500 resources that a stack may have. Another number would
/// move tenants from one deployed stack to another.
const SHARDS: u32 = 100;

/// The distribution tenants of an account ("Quotas", CloudFront developer guide).
const DISTRIBUTION_TENANTS_MAX: usize = 10_000;

/// The shard of a tenant: a hash of its id (FNV-1a), so that it does not depend on other tenants.
#[must_use]
pub fn shard_of(tenant: &TenantId) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    tenant.as_str().bytes().fold(0x811c_9dc5, step) % SHARDS
}

/// The values that are not allowed: the first distribution, the first edge stack, and the number of existing distributions.
pub(super) fn not_allowed(environment: &Environment) -> Vec<NotAllowed> {
    if environment.viewer.mode == ViewerMode::MultiTenant {
        return multi_tenant_not_allowed(environment).into_iter().collect();
    }
    let found = [distribution_not_allowed(environment), edge_not_allowed(environment), too_many_existing(environment)];
    found.into_iter().flatten().collect()
}

/// The options of distributions, which no tenant has in multi-tenant mode.
fn multi_tenant_not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let count = environment.tenants.len();
    if count > DISTRIBUTION_TENANTS_MAX {
        let allowed = format!("{DISTRIBUTION_TENANTS_MAX} tenants: an account has no more distribution tenants");
        return Some(NotAllowed::new("tenants.*", format!("{count} tables"), allowed));
    }
    environment.tenants.iter().find_map(|(tenant, options)| {
        let (key, value) = match options {
            Tenant { distribution: Some(existing), .. } => ("distribution", format!("{:?}", existing.id)),
            Tenant { edge, .. } if *edge != first_edge() => ("edge", edge.to_string()),
            Tenant { .. } => return None,
        };
        let allowed = "none with viewer.mode = \"multi-tenant\": the tenants share one distribution and its policies";
        Some(NotAllowed::new(format!("tenants.{tenant}.{key}"), value, allowed))
    })
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

    const MODE: &str = "mode = \"distribution-per-tenant\"";
    const MULTI_TENANT: &str = "mode = \"multi-tenant\"";

    #[test]
    fn a_tenant_of_a_multi_tenant_distribution_has_none_of_its_own() {
        assert!(read(&DEV.replace(MODE, MULTI_TENANT)).is_ok());
        for (option, found) in [
            (
                "distribution = { id = \"E1\", cache_tags = true }",
                "tenants.globex.distribution is \"E1\"; allowed: none",
            ),
            ("edge = 2", "tenants.globex.edge is 2; allowed: none with viewer.mode = \"multi-tenant\""),
        ] {
            let text =
                DEV.replace(MODE, MULTI_TENANT).replace("[tenants.globex]", &format!("[tenants.globex]\n{option}"));
            let message = read(&text).unwrap_err();
            assert!(message.contains(found), "{message}");
        }
        check(MODE, "mode = \"shared\"", &["mode", "`distribution-per-tenant`", "`multi-tenant`"]);
    }

    #[test]
    fn an_account_has_ten_thousand_distribution_tenants_of_which_a_shard_gets_its_part() {
        let with = |count: usize| {
            let tenants: Vec<_> = (0..count).map(|number| format!("[tenants.t{number:04}]\n")).collect();
            read(&DEV.replace(MODE, MULTI_TENANT).replace("[tenants.acme]\n[tenants.globex]\n", &tenants.concat()))
        };
        let mut shards = BTreeMap::<u32, usize>::new();
        for tenant in with(10_000).unwrap().tenants.keys() {
            *shards.entry(shard_of(tenant)).or_default() += 1;
        }
        assert_eq!(shards.keys().copied().collect::<Vec<_>>(), (0..SHARDS).collect::<Vec<_>>());
        // Two resources of each tenant, of 500 in a stack.
        assert!(shards.values().all(|tenants| tenants * 2 <= 500), "{shards:?}");
        let message = with(10_001).unwrap_err();
        assert!(message.contains("tenants.* is 10001 tables; allowed: 10000 tenants"), "{message}");
    }

    #[test]
    fn a_tenant_keeps_its_shard() {
        // Another shard of a deployed tenant would create a second distribution tenant with the same host name.
        let shards = ["acme", "globex", "initech"].map(|tenant| shard_of(&TenantId::parse(tenant).unwrap()));
        assert_eq!(shards, [15, 22, 45]);
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
