//! The tenant registry.

use std::collections::BTreeMap;

use domain::TenantId;
use domain::purge::distribution::Distribution;

use crate::ports::CallError;

/// The tenant registry.
pub trait Tenants: Send + Sync {
    /// Every registered tenant and its distribution. A registration that cannot be read is left out.
    fn tenants(&self) -> impl Future<Output = Result<BTreeMap<TenantId, Distribution>, CallError>> + Send;
}
