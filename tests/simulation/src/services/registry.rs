//! The registry of tenants. A registration may change or disappear at any time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use domain::{Distribution, TenantId};
use purging::ports::{CallError, CallErrorKind, Tenants};

use crate::fault::Fault;
use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::outage::Outage;
use crate::setup::Setup;
use crate::world::World;

/// The time for which the reads of an invocation are throttled from its first one on, during [`Outage::RegistryAtFirst`].
const THROTTLED_AT_FIRST_MS: u64 = 2_500;

/// The registry.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    /// The distribution of each tenant: its viewers use it even while the registration is missing.
    distributions: BTreeMap<TenantId, Distribution>,
    /// The number of registrations that each tenant had.
    registrations: BTreeMap<TenantId, u64>,
    /// The time of the first read of each invocation.
    first_read_ms: BTreeMap<Arc<str>, u64>,
    /// The registry as it was at the beginning.
    initial: BTreeMap<TenantId, Distribution>,
}

impl Registry {
    pub(crate) fn of(setup: &Setup) -> Self {
        let tenants = setup.tenants.iter();
        let distributions: BTreeMap<_, _> =
            tenants.map(|tenant| (tenant.id.clone(), tenant.distribution.clone())).collect();
        Self { initial: distributions.clone(), distributions, ..Self::default() }
    }

    /// The distribution that the viewers of a tenant use.
    pub(crate) fn distribution(&self, tenant: &TenantId) -> Option<&Distribution> {
        self.distributions.get(tenant)
    }

    /// Registers a tenant with a distribution, again or anew.
    pub(crate) fn register(&mut self, tenant: &TenantId, distribution: Distribution) {
        self.distributions.insert(tenant.clone(), distribution);
        *self.registrations.entry(tenant.clone()).or_default() += 1;
    }

    /// The number of registrations that the tenant had. A purge is billed once for each of them at most.
    pub(crate) fn registrations(&self, tenant: &TenantId) -> u64 {
        self.registrations.get(tenant).copied().unwrap_or_default()
    }
}

/// Reads the registry for the invocation called `reader`.
fn read(world: &mut World, reader: &Arc<str>) -> Result<BTreeMap<TenantId, Distribution>, CallError> {
    let now_ms = world.now_ms;
    let first_ms = *world.registry.first_read_ms.entry(Arc::clone(reader)).or_insert(now_ms);
    let is_at_first = now_ms < first_ms + THROTTLED_AT_FIRST_MS;
    let is_throttled = world.outages.is_on(&Outage::Registry, now_ms)
        || (is_at_first && world.outages.is_on(&Outage::RegistryAtFirst, now_ms));
    if is_throttled {
        world.chance.count(Fault::RegistryThrottled);
        if world.mutation == Some(Mutation::ThrottledRegistryIsEmpty) {
            return Ok(BTreeMap::new());
        }
        let error = CallError::new("reading the registry", "ThrottlingException");
        return Err(error.of_kind(CallErrorKind::Throttled));
    }
    if world.mutation == Some(Mutation::RegistrationsNeverReadAgain) {
        return Ok(world.registry.initial.clone());
    }
    let mut tenants = world.registry.distributions.clone();
    tenants.retain(|tenant, _| !world.outages.is_on(&Outage::Unregistered(tenant.clone()), now_ms));
    Ok(tenants)
}

impl Tenants for Instance {
    async fn distributions(&self, tenants: &BTreeSet<TenantId>) -> Result<BTreeMap<TenantId, Distribution>, CallError> {
        let (tenants, reader) = (tenants.clone(), Arc::clone(&self.name));
        let read = self.call("reads the registry".to_owned(), move |world| {
            let mut found = read(world, &reader)?;
            found.retain(|tenant, _| tenants.contains(tenant));
            Ok(found)
        });
        read.await?
    }

    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Distribution>, CallError> {
        let (tenant, reader) = (tenant.clone(), Arc::clone(&self.name));
        let what = format!("reads the registration of {tenant}");
        self.call(what, move |world| Ok(read(world, &reader)?.remove(&tenant))).await?
    }
}
