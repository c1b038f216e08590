//! The page's buttons: calls of the management API, or an admin's `DELETE`.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Bytes;
use domain::image::image_pack::Crop;
use domain::{ImagePackId, LocationName, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::json;

use local_cloud::admin::ApiResponse;
use local_cloud::cause::Cause;
use local_cloud::test_image::{Colour, Encoding, photograph_of};

use crate::{ConsoleError, Context, Member};

/// The largest image that the management API takes in one request, in bytes (`docs/management-api.md`).
const DIRECT_UPLOAD_MAX_BYTES: usize = 4_500_000;

/// One click.
#[derive(Debug, Deserialize)]
pub(super) struct Order {
    pub(super) tenant: TenantId,
    pub(super) pack: ImagePackId,
    #[serde(flatten)]
    pub(super) action: Action,
}

/// The action of a button.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "camelCase")]
pub(super) enum Action {
    /// Upload another original.
    ReplaceOriginal { location: LocationName },
    /// Show another part of the original.
    MoveCrop { location: LocationName, crop: Crop },
    /// Show another image at URLs without a location.
    ChangeMainLocation { location: LocationName },
    /// Change the title, which no viewer sees.
    ChangeMetadata { title: String },
    /// Re-render every variant of a location, in all packs of the tenant.
    ForceLocation { location: LocationName },
    /// Purge the pack at once, as an admin.
    Delete,
}

/// The result of a click.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// Whether the API responded with success.
    pub(super) ok: bool,
    /// A summary of the API's response.
    pub(super) message: String,
}

/// The size of a sample image in pixels.
const SAMPLE_SIZE: (u32, u32) = (1200, 800);

/// Counts the sample images, so that each differs from the one before.
#[derive(Debug, Default)]
pub(super) struct SampleImages(AtomicU32);

impl SampleImages {
    /// The next sample image, a JPEG. Its bands of colour show which part a crop keeps.
    pub(super) fn next(&self) -> Result<Vec<u8>, Cause> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let mut bands = Colour::ALL;
        bands.rotate_left(number as usize % 4);
        // The packs of the start use four images of this order, so the first replacement has the other one.
        if number / 4 % 2 == 1 {
            bands.reverse();
        }
        photograph_of(|x| bands[(x * 4 / SAMPLE_SIZE.0) as usize], SAMPLE_SIZE, Encoding::Jpeg, number)
    }
}

/// Carries out a click.
pub(super) async fn carry_out(context: &Context, order: Order) -> Result<Outcome, ConsoleError> {
    let Order { tenant, pack, action } = order;
    let Member { management, token, .. } = context.member(&tenant)?;
    let pack = pack.as_str();
    let response = match action {
        Action::ReplaceOriginal { location } => {
            let original = context.sample_images.next()?;
            management.upload_original(pack, location.as_str(), original, "image/jpeg").await?
        }
        Action::MoveCrop { location, crop } => management.set_crop(pack, location.as_str(), crop).await?,
        Action::ChangeMainLocation { location } => {
            management.patch_pack(pack, &json!({"mainImageLocation": location})).await?
        }
        Action::ChangeMetadata { title } => management.patch_pack(pack, &json!({"title": title})).await?,
        Action::ForceLocation { location } => management.force_location(location.as_str()).await?,
        Action::Delete => context.admin.delete(tenant.as_str(), pack, Some(token)).await?,
    };
    Ok(outcome(&response))
}

/// Uploads the user's image.
pub(super) async fn upload(
    context: &Context,
    tenant: &TenantId,
    (pack, location): (&ImagePackId, &LocationName),
    (media_type, image): (&str, Bytes),
) -> Result<Outcome, ConsoleError> {
    let management = &context.member(tenant)?.management;
    let (pack, location) = (pack.as_str(), location.as_str());
    let response = if image.len() > DIRECT_UPLOAD_MAX_BYTES {
        management.upload_presigned(pack, location, image.to_vec(), media_type).await?
    } else {
        management.upload_original(pack, location, image.to_vec(), media_type).await?
    };
    Ok(outcome(&response))
}

fn outcome(response: &ApiResponse) -> Outcome {
    let ok = response.status.is_success();
    let message = match response.body.get("revision").filter(|_| ok) {
        Some(revision) => format!("{}, revision {revision}", response.status),
        None => response.to_string(),
    };
    Outcome { ok, message }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_order_without_a_field_of_its_action_is_rejected() {
        let order = |action: Value| {
            let mut order = json!({"tenant": "acme", "pack": "cat"});
            order.as_object_mut().unwrap().extend(action.as_object().unwrap().clone());
            serde_json::from_value::<Order>(order)
        };
        let crop = json!({"x": 0, "y": 0, "width": 10, "height": 10});
        for (action, is_one) in [
            (json!({"action": "delete"}), true),
            (json!({"action": "replaceOriginal", "location": "main"}), true),
            (json!({"action": "moveCrop", "location": "main", "crop": crop}), true),
            (json!({"action": "moveCrop", "location": "main"}), false),
            (json!({"action": "replaceOriginal", "location": "../main"}), false),
            (json!({"action": "dance"}), false),
        ] {
            assert_eq!(order(action.clone()).is_ok(), is_one, "{action}");
        }
    }
}
