//! The image-pack table.

use domain::{ImagePackId, LocationName, TenantId};

use crate::ports::CallError;

/// The image packs, as a manual purge uses them.
pub trait Packs: Send + Sync {
    /// Whether the table has an item of the pack, readable or not.
    fn exists(&self, tenant: &TenantId, pack: &ImagePackId) -> impl Future<Output = Result<bool, CallError>> + Send;

    /// The locations of the pack; none where the table has no readable item of it.
    fn locations(
        &self,
        tenant: &TenantId,
        pack: &ImagePackId,
    ) -> impl Future<Output = Result<Vec<LocationName>, CallError>> + Send;
}
