//! The registry of tenants.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::purge::distribution::Distribution;
use purging::ports::{CallError, Tenants};

use crate::lambda::Instance;

impl Tenants for Instance {
    async fn tenants(&self) -> Result<BTreeMap<TenantId, Distribution>, CallError> {
        let tenants = self.call("reads the registry".to_owned(), |world| {
            let tenants = world.setup.tenants.iter();
            tenants.map(|tenant| (tenant.id.clone(), tenant.distribution.clone())).collect()
        });
        tenants.await
    }

    async fn tenant(&self, tenant: &TenantId) -> Result<Option<Distribution>, CallError> {
        let tenant = tenant.clone();
        let found = self.call(format!("reads the registration of {tenant}"), move |world| {
            let found = world.setup.tenants.iter().find(|known| known.id == tenant);
            found.map(|known| known.distribution.clone())
        });
        found.await
    }
}
