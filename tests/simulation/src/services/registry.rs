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
}
