//! The state of one pack, as the page shows it.

use std::time::SystemTime;

use domain::image::image_pack::Crop;
use domain::{ImagePackId, LocationName, Target, TenantId};
use serde::Serialize;
use serde_json::{Value, json};

use local_cloud::report::millis;

use crate::table::{Pack, Shelf};
use crate::{ConsoleError, Context, Member};

/// The number of invalidations on the page.
const INVALIDATIONS_LISTED: i32 = 6;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// Every pack of the tenant.
    packs: Vec<ImagePackId>,
    /// The packs and location configurations of the tenant that cannot be read.
    unreadable: Vec<Unreadable>,
    title: Option<String>,
    main_image_location: Option<LocationName>,
    views: Vec<View>,
    /// The response of the admin API's `GET`: the verdict, and the pending and running purges.
    purges: Value,
    invalidations: Vec<InvalidationRow>,
}

/// An item of the image-pack table that cannot be read.
#[derive(Debug, Serialize)]
struct Unreadable {
    target: Target,
    cause: String,
}

/// One URL of viewers.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// `None`: the URL without a location, of the main image.
    location: Option<LocationName>,
    original: Option<Original>,
    current_fingerprint: Option<String>,
}

#[derive(Debug, Serialize)]
struct Original {
    url: String,
    crop: Option<Crop>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InvalidationRow {
    id: String,
    status: String,
    items: Vec<String>,
    created_secs_ago: u64,
}

/// Reads a pack, the state of its purges as an admin, and the invalidations as an operator.
pub(super) async fn state(context: &Context, member: &Member, pack: &ImagePackId) -> Result<State, ConsoleError> {
    let Member { tenant, token, .. } = member;
    let shelf = Shelf::read(&context.observer, &tenant.id).await?;
    let purges = context.admin.purge_status(tenant.id.as_str(), pack.as_str(), token).await?;
    let purges = match purges.message() {
        Some(message) => json!({"verdict": message, "pending": [], "running": []}),
        None => purges.body,
    };
    let invalidations = context.observer.latest_invalidations(&tenant.distribution, INVALIDATIONS_LISTED).await?;
    let now_ms = SystemTime::UNIX_EPOCH.elapsed().map(millis).unwrap_or_default();
    let invalidations = invalidations.into_iter().map(|one| InvalidationRow {
        id: one.id,
        status: one.status,
        items: one.items,
        created_secs_ago: now_ms.saturating_sub(one.created_at_ms) / 1000,
    });

    let Pack { title, images: shown } = shelf.packs.get(pack).cloned().unwrap_or_default();
    let views = shown.image_locations.keys().cloned().map(Some).chain([None]).map(|location| {
        let place = location.as_ref().or(shown.main_image_location.as_ref());
        let current_fingerprint = place.and_then(|place| shelf.current_fingerprint(pack, place));
        let original = location.as_ref().and_then(|location| {
            let image = shown.image_locations.get(location)?;
            let url = original_url(&tenant.id, pack, location, &image.original.version);
            Some(Original { url, crop: image.crop })
        });
        View { location, original, current_fingerprint }
    });
    let views = views.collect();
    Ok(State {
        views,
        purges,
        invalidations: invalidations.collect(),
        packs: shelf.pack_ids().into_iter().cloned().collect(),
        unreadable: shelf.unreadable.into_iter().map(|(target, cause)| Unreadable { target, cause }).collect(),
        title,
        main_image_location: shown.main_image_location,
    })
}

/// The console's URL of an original. Each version has its own URL.
fn original_url(tenant: &TenantId, pack: &ImagePackId, location: &LocationName, version: &str) -> String {
    // The version only distinguishes URLs, so characters that need escaping are left out.
    let version: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("/original?tenant={tenant}&pack={pack}&location={location}&version={version}")
}
