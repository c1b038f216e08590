//! Edits with optimistic concurrency: reads the pack, decides, writes at the revision that was read; retries after a
//! conflict.

use std::time::Duration;

use aws_adapters::managed_items::Expected;
use domain::editing::managed_pack::ManagedPack;
use domain::editing::pack_edit::{PackEdit, decide};
use domain::{ImagePackId, Target};
use http_api::ApiError;
use lambda_http::http::StatusCode;
use uuid::Uuid;

use crate::handler::Handler;
use crate::management_error::ManagementError;
use crate::request::AdminRequest;

/// The number of attempts of a write that conflicts with other writers. One of several simultaneous writers always
/// succeeds, and random pauses separate the others.
pub(crate) const ATTEMPTS_MAX: u32 = 16;

/// The growth of the longest pause from one attempt to the next, in milliseconds.
const PAUSE_STEP_MILLIS: u32 = 10;

/// The result of an edit.
#[derive(Debug)]
pub(crate) struct Edited {
    /// The pack after the edit.
    pub(crate) pack: ManagedPack,
    /// The key of the original that the pack no longer shows.
    pub(crate) released: Option<String>,
}

impl Handler {
    /// Executes `edit`. A rejected edit writes nothing.
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

    /// Reads a pack. 404: it does not exist.
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

/// Waits for a random time before a retry, so that conflicting writers do not conflict again.
pub(crate) async fn pause(attempt: u32) {
    if attempt > 0 {
        let random = Uuid::new_v4().as_fields().0;
        let millis = random % (PAUSE_STEP_MILLIS * attempt);
        tokio::time::sleep(Duration::from_millis(u64::from(millis))).await;
    }
}

/// Builds the error after the last conflict: 409.
pub(crate) fn busy(revision: u64) -> ApiError {
    let message = "Other requests are writing this item at the same time. Nothing was changed. Send the request again.";
    ApiError::new(StatusCode::CONFLICT, "revision-conflict", message).at_revision(revision)
}
