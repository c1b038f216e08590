//! Everything that the page shows, as of now.

use std::collections::HashSet;
use std::time::SystemTime;

use domain::change::detection::Reason;
use domain::image::image_pack::Crop;
use domain::purge::invalidation_item::InvalidationItem;
use domain::queue::queue_entry::QueueEntry;
use domain::{ImagePackId, LocationName, Target, TenantId};
use serde::Serialize;

use local_cloud::Tenant;
use local_cloud::observer::Invalidation;
use local_cloud::report::millis;

use crate::look::Look;
use crate::table::Shelf;
use crate::verdict::{InProgress, Purges, Verdict, Waiting, judge};
use crate::{ConsoleError, Context};

/// How many invalidations the page lists.
const INVALIDATIONS_LISTED: i32 = 6;

/// What the page shows.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    /// Every pack of the tenant.
    packs: Vec<ImagePackId>,
    title: Option<String>,
    main_image_location: Option<LocationName>,
    views: Vec<View>,
    queue: Vec<QueueRow>,
    invalidations: Vec<InvalidationRow>,
}

/// One address, as a viewer sees it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    /// `None`: an address without a location, which shows the main image.
    location: Option<LocationName>,
    url: String,
    original: Option<Original>,
    look: Look,
    current_fingerprint: Option<String>,
    #[serde(flatten)]
    verdict: Verdict,
}

/// The original that variants are rendered from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Original {
    url: String,
    crop: Option<Crop>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueRow {
    target: Target,
    reasons: String,
    changes: u64,
    early_purge_count: u64,
    waiting_secs: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct InvalidationRow {
    id: String,
    status: String,
    items: Vec<String>,
    created_secs_ago: u64,
}

/// Looks at a pack as a viewer does, and behind the scenes as an operator does.
pub(super) async fn state(context: &Context, tenant: &Tenant, pack: &ImagePackId) -> Result<State, ConsoleError> {
    let observer = &context.observer;
    let before = Shelf::read(observer, &tenant.id).await?;
    let locations = before.packs.get(pack).map(|pack| pack.image_locations.keys().cloned().map(Some));
    let mut looks = Vec::new();
    for location in locations.into_iter().flatten().chain([None]) {
        let url = match &location {
            Some(location) => tenant.viewer.url(pack.as_str(), location.as_str()),
            None => tenant.viewer.main_url(pack.as_str()),
        };
        let look = Look::take(&tenant.viewer, &url, &context.images).await;
        looks.push((location, url, look));
    }

    // What is current is read after the looks: an image that was rendered meanwhile is not called stale.
    let shelf = Shelf::read(observer, &tenant.id).await?;
    let mut queue = observer.queue().await?;
    queue.retain(|entry| entry.tenant == tenant.id);
    queue.sort_by_key(|entry| entry.cause.first_event_at);
    let invalidations = observer.latest_invalidations(&tenant.distribution_id, INVALIDATIONS_LISTED).await?;

    let now_ms = SystemTime::UNIX_EPOCH.elapsed().map(millis).unwrap_or_default();
    let pipeline = Pipeline { tenant: &tenant.id, queue: &queue, invalidations: &invalidations, now_ms, context };
    let shown = shelf.packs.get(pack).cloned().unwrap_or_default();
    let views = looks.into_iter().map(|(location, url, look)| {
        let place = location.as_ref().or(shown.main_image_location.as_ref());
        let current_fingerprint = place.and_then(|place| shelf.current_fingerprint(pack, place));
        let verdict = pipeline.judge(&look, current_fingerprint.as_deref(), pack, place);
        let original = location.as_ref().and_then(|location| {
            let image = shown.image_locations.get(location)?;
            let url = original_url(&tenant.id, pack, location, &image.original.version);
            Some(Original { url, crop: image.crop })
        });
        View { location, url, original, look, current_fingerprint, verdict }
    });
    Ok(State {
        views: views.collect(),
        queue: queue.iter().map(|entry| queue_row(entry, now_ms)).collect(),
        invalidations: invalidations.iter().map(|one| invalidation_row(one, now_ms)).collect(),
        packs: shelf.packs.into_keys().collect(),
        title: shown.title,
        main_image_location: shown.main_image_location,
    })
}

/// Where the console serves an original. Every version has an address of its own.
fn original_url(tenant: &TenantId, pack: &ImagePackId, location: &LocationName, version: &str) -> String {
    let query = [("tenant", tenant.as_str()), ("pack", pack.as_str()), ("location", location.as_str())];
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    // The version is only there to tell addresses apart; what would need escaping is left out.
    let version: String = version.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("/original?{}&version={version}", query.join("&"))
}

/// What is on its way to the caches.
struct Pipeline<'a> {
    tenant: &'a TenantId,
    queue: &'a [QueueEntry],
    invalidations: &'a [Invalidation],
    now_ms: u64,
    context: &'a Context,
}

impl Pipeline<'_> {
    fn judge(
        &self,
        look: &Look,
        current: Option<&str>,
        pack: &ImagePackId,
        location: Option<&LocationName>,
    ) -> Verdict {
        let targets: Vec<_> = [Some(Target::Pack(pack.clone())), location.cloned().map(Target::Location)]
            .into_iter()
            .flatten()
            .chain([Target::Tenant])
            .collect();
        let items: HashSet<_> = targets
            .iter()
            .flat_map(|target| [true, false].map(|tags| InvalidationItem::covering(self.tenant, target, tags)))
            .map(|item| item.to_string())
            .collect();
        // Of several purges the one that was requested last: it is what the latest click waits for.
        let waits = self.queue.iter().filter(|entry| targets.contains(&entry.target));
        let waits = waits.max_by_key(|entry| entry.last_event_at);
        let reasons = waits.map(reasons).unwrap_or_default();
        let runs = self.invalidations.iter();
        let runs =
            runs.filter(|one| one.status != "Completed").find(|one| one.items.iter().any(|item| items.contains(item)));
        let purges = Purges {
            waiting: waits.map(|entry| Waiting {
                for_secs: secs_since(entry.cause.first_event_at.as_millis(), self.now_ms),
                reasons: &reasons,
                early_purge_count: entry.early_purge_count,
            }),
            in_progress: runs
                .map(|one| InProgress { id: &one.id, for_secs: secs_since(one.created_at_ms, self.now_ms) }),
            purge_run_every_secs: self.context.purge_every.as_secs(),
        };
        judge(look.seen(), current, &purges)
    }
}

fn queue_row(entry: &QueueEntry, now_ms: u64) -> QueueRow {
    QueueRow {
        target: entry.target.clone(),
        reasons: reasons(entry),
        changes: entry.cause.changes,
        early_purge_count: entry.early_purge_count,
        waiting_secs: secs_since(entry.cause.first_event_at.as_millis(), now_ms),
    }
}

fn reasons(entry: &QueueEntry) -> String {
    entry.cause.reasons.iter().map(|reason| Reason::as_str(*reason)).collect::<Vec<_>>().join(", ")
}

fn invalidation_row(invalidation: &Invalidation, now_ms: u64) -> InvalidationRow {
    let Invalidation { id, status, items, created_at_ms } = invalidation.clone();
    InvalidationRow { id, status, items, created_secs_ago: secs_since(created_at_ms, now_ms) }
}

fn secs_since(then_ms: u64, now_ms: u64) -> u64 {
    now_ms.saturating_sub(then_ms) / 1000
}
