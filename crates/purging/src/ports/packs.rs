//! The image-pack table.

use std::collections::BTreeSet;

use domain::image::image_pack::ImagePack;
use domain::{ImagePackId, TenantId};

use crate::ports::CallError;

/// The table's item of an image pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackItem {
    /// The table has none.
    Absent,
    /// The item has a defect.
    Unreadable,
    /// The pack.
    Pack(ImagePack),
}

impl PackItem {
    /// The pack, if the table has one that can be read.
    #[must_use]
    pub fn pack(&self) -> Option<&ImagePack> {
        match self {
            Self::Pack(pack) => Some(pack),
            Self::Absent | Self::Unreadable => None,
        }
    }
}

/// The image packs, as a manual purge uses them.
pub trait Packs: Send + Sync {
    /// The item of the pack, strongly consistent.
    fn find(&self, tenant: &TenantId, pack: &ImagePackId) -> impl Future<Output = Result<PackItem, CallError>> + Send;

    /// Those of `packs`, at most 100, of which the table has an item, readable or not, strongly consistent.
    fn existing(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
    ) -> impl Future<Output = Result<BTreeSet<ImagePackId>, CallError>> + Send;
}
