//! The tenant registry.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::purge::distribution::Distribution;

use crate::ports::CallError;

/// The tenant registry.
pub trait Tenants: Send + Sync {
    /// Every registered tenant and its distribution. A registration that cannot be read is left out.
    fn tenants(&self) -> impl Future<Output = Result<BTreeMap<TenantId, Distribution>, CallError>> + Send;

    /// The distribution of one tenant, in one read. `None`: the tenant is not registered. A registration that cannot be
    /// read is an error that names it.
    fn tenant(&self, tenant: &TenantId) -> impl Future<Output = Result<Option<Distribution>, CallError>> + Send;
}
