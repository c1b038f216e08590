//! The bodies of responses about one pack.

use std::collections::BTreeSet;

use domain::change::detection::Reason;
use domain::purge::ledger::LedgerRow;
use domain::purge::purge_preview::{PRICE_PER_ITEM_USD_MILLIS, PURGES_PER_DELETE, PurgePreview, QuotaUse};
use domain::purge::purge_status::{Pending, Running};
use domain::{Target, Timestamp};
use purging::manual_purge::{PackRequest, PackStatus, Preview, Purged};
use serde::Serialize;
use utoipa::ToSchema;

/// A purge that was begun or joined: CloudFront has accepted the invalidation and executes it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AcceptedPurge {
    tenant: String,
    image_pack_id: String,
    /// Whether another request had begun the purge already.
    joined: bool,
    /// The number of variants that were deleted.
    variants_deleted: Option<u64>,
    invalidation: AcceptedInvalidation,
    final_purge: &'static str,
}

/// An invalidation that CloudFront has accepted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AcceptedInvalidation {
    id: String,
    status: String,
    distribution_id: String,
    /// Cache tags (`#acme/cat`) or paths.
    items: Vec<String>,
}

impl From<Purged> for AcceptedPurge {
    fn from(Purged { pack, request, invalidation, is_joined }: Purged) -> Self {
        // A purge run sends the final purges of several packs in one request.
        let target = Target::Pack(pack.clone());
        let entry = request.entries.iter().find(|entry| entry.target == target);
        Self {
            tenant: request.for_tenant.to_string(),
            image_pack_id: pack.to_string(),
            joined: is_joined,
            variants_deleted: entry.map(|entry| entry.variants_deleted),
            invalidation: AcceptedInvalidation {
                id: invalidation.id,
                status: invalidation.status,
                distribution_id: request.distribution.invalidated_id().to_owned(),
                items: request.items,
            },
            final_purge: "The pack is purged once more after the settle delay, in case an image was rendered meanwhile.",
        }
    }
}

/// The effect that a purge of a pack would have.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackPreview {
    dry_run: bool,
    tenant: String,
    image_pack_id: String,
    /// The purge in flight that the request would join; `null` if it would begin one.
    would_join: Option<JoinedInvalidation>,
    would_delete: WouldDelete,
    would_invalidate: WouldInvalidate,
    quota: Quotas,
    price_usd: Price,
    note: &'static str,
}

/// The purge in flight that a request would join.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JoinedInvalidation {
    /// CloudFront's id; `null` until CloudFront has accepted the invalidation.
    invalidation_id: Option<String>,
}

/// The variants that would be deleted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WouldDelete {
    pub(crate) variants: usize,
    /// At most ten keys.
    pub(crate) first_keys: Vec<String>,
}

/// The invalidation that would be created.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WouldInvalidate {
    distribution_id: String,
    items: Vec<String>,
}

/// The use of CloudFront's quotas of items in progress, of the tenant's distribution.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Quotas {
    exact_items: QuotaInProgress,
    wildcards: QuotaInProgress,
}

/// The use of one quota by this pipeline's requests in flight, and by the purge.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QuotaInProgress {
    in_progress: usize,
    needed: usize,
    quota: usize,
    left_afterwards: usize,
}

/// The price of the purge, in US dollars, once the free items of the month are used up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Price {
    per_item: f64,
    early_purge: f64,
    final_purge: f64,
    together: f64,
    note: &'static str,
}

impl WouldInvalidate {
    pub(crate) fn of(preview: &PurgePreview) -> Self {
        Self { distribution_id: preview.distribution_id.clone(), items: preview.items.clone() }
    }
}

impl Quotas {
    pub(crate) fn of(preview: &PurgePreview) -> Self {
        let in_progress = |used: QuotaUse| QuotaInProgress {
            in_progress: used.in_progress,
            needed: used.needed,
            quota: used.quota,
            left_afterwards: used.left(),
        };
        Self { exact_items: in_progress(preview.exact_items), wildcards: in_progress(preview.wildcards) }
    }
}

impl Price {
    pub(crate) fn of(preview: &PurgePreview) -> Self {
        let dollars = |millis: u32| f64::from(millis) / 1000.0;
        let per_purge = preview.price_per_purge_usd_millis;
        Self {
            per_item: dollars(PRICE_PER_ITEM_USD_MILLIS),
            early_purge: dollars(per_purge),
            final_purge: dollars(per_purge),
            together: dollars(per_purge.saturating_mul(PURGES_PER_DELETE)),
            note: "The first 1,000 items of an account in a month are free.",
        }
    }
}

/// The note of every preview.
pub(crate) const NOTHING_WAS_PURGED: &str =
    "Nothing was purged and nothing was written. Without dryRun, this request purges.";

impl From<Preview> for PackPreview {
    fn from(Preview { pack, request, stored, joined }: Preview) -> Self {
        Self {
            dry_run: true,
            tenant: request.tenant.to_string(),
            image_pack_id: pack.to_string(),
            would_join: joined.map(|joined| JoinedInvalidation { invalidation_id: joined.invalidation_id }),
            would_delete: WouldDelete { variants: stored.count, first_keys: stored.first },
            would_invalidate: WouldInvalidate::of(&request),
            quota: Quotas::of(&request),
            price_usd: Price::of(&request),
            note: NOTHING_WAS_PURGED,
        }
    }
}

/// The status of the purges of a pack.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PackPurges {
    tenant: String,
    image_pack_id: String,
    /// The reason why a viewer may still see the old image, and the next step.
    verdict: String,
    /// The rows of the queue: of the pack, of its locations and of the tenant.
    pending: Vec<PendingPurge>,
    /// The purges in flight.
    running: Vec<RunningPurge>,
    last_completed: Option<CompletedPurge>,
}

/// A row of the queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingPurge {
    /// `pack#<imagePackId>`, `location#<name>` or `tenant`.
    target: String,
    /// The number of changes that wait.
    changes: u64,
    #[schema(format = DateTime)]
    first_change_at: String,
    #[schema(value_type = Vec<String>)]
    reasons: BTreeSet<Reason>,
    requested_by: BTreeSet<String>,
    /// The end of the settle delay: no old image can reach an edge after it.
    #[schema(format = DateTime)]
    settles_at: String,
    waits_for: &'static str,
    /// The time until which it waits; `null` if it is not known.
    #[schema(format = DateTime)]
    waits_until: Option<String>,
    early_purges: u64,
    /// Present while many variants are being deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    variants_deleted_so_far: Option<u64>,
}

/// A purge in flight.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RunningPurge {
    target: String,
    /// `false`: the early purge; the final one follows.
    is_final_purge: bool,
    #[schema(format = DateTime)]
    started_at: String,
    variants_deleted: u64,
    /// `null` until CloudFront has accepted it.
    invalidation: Option<RunningInvalidation>,
}

/// An invalidation in flight.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RunningInvalidation {
    id: String,
    status: String,
}

/// A completed purge.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CompletedPurge {
    target: String,
    /// Whether it was the final purge. `false`: an early one.
    is_final_purge: bool,
    changes: u64,
    #[schema(format = DateTime)]
    first_change_at: String,
    #[schema(value_type = Vec<String>)]
    reasons: BTreeSet<Reason>,
    requested_by: BTreeSet<String>,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    completed_at: Option<String>,
    variants_deleted: u64,
    invalidation_id: Option<String>,
    /// The time at which the first variant was stored since the change was enqueued; `null` if none was seen.
    #[schema(format = DateTime)]
    new_variant_seen_at: Option<String>,
}

impl PackPurges {
    pub(crate) fn of(request: &PackRequest, PackStatus { pack, status }: &PackStatus) -> Self {
        Self {
            tenant: request.tenant.to_string(),
            image_pack_id: pack.to_string(),
            verdict: status.verdict.clone(),
            pending: status.pending.iter().map(PendingPurge::from).collect(),
            running: status.running.iter().map(RunningPurge::from).collect(),
            last_completed: status.last_completed.as_ref().map(CompletedPurge::from),
        }
    }
}

impl From<&Pending> for PendingPurge {
    fn from(pending: &Pending) -> Self {
        Self {
            target: pending.target.to_string(),
            changes: pending.cause.changes,
            first_change_at: utc(pending.cause.first_event_at),
            reasons: pending.cause.reasons.clone(),
            requested_by: pending.cause.requested_by.clone(),
            settles_at: utc(pending.settles_at),
            waits_for: pending.waits_for.unwrap_or("nothing: its purge is due"),
            waits_until: pending.waits_until.map(utc),
            early_purges: pending.early_purge_count,
            variants_deleted_so_far: pending.variants_deleted_so_far,
        }
    }
}

impl From<&Running> for RunningPurge {
    fn from(running: &Running) -> Self {
        let status = running.invalidation_status.as_deref().unwrap_or("unknown to CloudFront");
        let invalidation = |id: &String| RunningInvalidation { id: id.clone(), status: status.to_owned() };
        Self {
            target: running.target.to_string(),
            is_final_purge: running.is_final,
            started_at: utc(running.since),
            variants_deleted: running.variants_deleted,
            invalidation: running.invalidation_id.as_ref().map(invalidation),
        }
    }
}

impl From<&LedgerRow> for CompletedPurge {
    fn from(row: &LedgerRow) -> Self {
        Self {
            target: row.target.to_string(),
            is_final_purge: row.is_final,
            changes: row.cause.changes,
            first_change_at: utc(row.cause.first_event_at),
            reasons: row.cause.reasons.clone(),
            requested_by: row.cause.requested_by.clone(),
            started_at: utc(row.started_at),
            completed_at: row.completed_at.map(utc),
            variants_deleted: row.variants_deleted,
            invalidation_id: row.invalidation_id.clone(),
            new_variant_seen_at: row.refill_seen_at.map(utc),
        }
    }
}

/// A time in RFC 3339: `2026-11-24T18:00:00.5Z`.
pub(crate) fn utc(time: Timestamp) -> String {
    let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).map_or_else(|_| "never".to_owned(), |time| time.to_string())
}
