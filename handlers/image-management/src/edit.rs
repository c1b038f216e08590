//! Read, decide, write at the revision that was read; and once more where somebody else was faster.

use std::time::Duration;

use admin_api::ApiError;
use aws_adapters::managed_items::Expected;
use domain::editing::managed_pack::ManagedPack;
use domain::editing::pack_edit::{PackEdit, decide};
use domain::{ImagePackId, Target};
use lambda_http::http::StatusCode;
use uuid::Uuid;

use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;

/// How often a write is tried while others write the same item. Of several writers at once one always succeeds, and
/// the pauses part them.
pub(crate) const ATTEMPTS_MAX: u32 = 16;

/// By how much the longest pause before an attempt grows with each.
const PAUSE_STEP_MILLIS: u32 = 10;

/// A pack after an edit.
#[derive(Debug)]
pub(crate) struct Edited {
    pub(crate) pack: ManagedPack,
    /// The key of the original that nothing shows any more.
    pub(crate) released: Option<String>,
}

impl Handler {
    /// Carries out `edit`. Nothing is written where it is rejected.
    pub(crate) async fn edit(
        &self,
        request: &AdminRequest<'_>,
        id: &ImagePackId,
        edit: &PackEdit,
    ) -> Result<Edited, ManagementError> {
        let target = Target::Pack(id.clone());
        for attempt in 0..ATTEMPTS_MAX {
            pause(attempt).await;
            let pack = self.pack(request, id).await?;
            request.check_revision(pack.revision)?;
            let decision = decide(&pack, edit)?;
            if decision.assignments.is_empty() {
                return Ok(Edited { pack, released: None });
            }
            let expected = Expected::Revision(pack.revision);
            let written =
                self.items.write(&request.tenant, &target, decision.assignments, expected, request.editor()).await?;
            if let Some(pack) = written {
                return Ok(Edited { pack, released: decision.released });
            }
        }
        Err(busy(self.pack(request, id).await?.revision).into())
    }

    /// Reads a pack that must be there.
    pub(crate) async fn pack(
        &self,
        request: &AdminRequest<'_>,
        id: &ImagePackId,
    ) -> Result<ManagedPack, ManagementError> {
        let pack = self.items.read(&request.tenant, &Target::Pack(id.clone())).await?;
        pack.ok_or_else(|| {
            let message = format!("Tenant {:?} has no image pack {:?}.", request.tenant.as_str(), id.as_str());
            ApiError::new(StatusCode::NOT_FOUND, "unknown-image-pack", message).into()
        })
    }
}

/// Waits before another attempt, for a random time, so that those who lost together do not meet again.
pub(crate) async fn pause(attempt: u32) {
    if attempt > 0 {
        let random = Uuid::new_v4().as_fields().0;
        let millis = random % (PAUSE_STEP_MILLIS * attempt);
        tokio::time::sleep(Duration::from_millis(u64::from(millis))).await;
    }
}

/// 409: others kept writing the item.
pub(crate) fn busy(revision: u64) -> ApiError {
    let message = "Others are writing this at the same time; nothing was changed. Send the request again.";
    ApiError::new(StatusCode::CONFLICT, "revision-conflict", message).at_revision(revision)
}
