//! The tenant registry.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Distribution, TenantId};

use crate::ports::CallError;

/// The tenant registry.
pub trait Tenants: Send + Sync {
    /// The distributions of those of `tenants` that are registered. A registration that cannot be read is left out.
    fn distributions(
        &self,
        tenants: &BTreeSet<TenantId>,
    ) -> impl Future<Output = Result<BTreeMap<TenantId, Distribution>, CallError>> + Send;

    /// The distribution of one tenant, in one read. `None`: the tenant is not registered. A registration that cannot be
    /// read is an error that names it.
    fn tenant(&self, tenant: &TenantId) -> impl Future<Output = Result<Option<Distribution>, CallError>> + Send;
}
