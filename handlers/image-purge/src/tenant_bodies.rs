//! The bodies of requests and responses about a tenant.

use domain::access::allowance::AllowanceLimit;
use domain::purge::overview::Usage;
use domain::purge::queued_purge::PACKS_MAX;
use domain::schema::text;
use domain::{ImagePackId, LocationName, Target, TenantId};
use purging::manual_purge::{EnqueuePreview, Enqueued, TenantStatus};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::pack_bodies::{
    CompletedPurge, NOTHING_WAS_PURGED, PendingPurge, Price, Quotas, WouldDelete, WouldInvalidate, utc,
};

/// The images to purge.
#[derive(Debug, Deserialize)]
#[serde(try_from = "PurgeFields")]
pub(crate) enum PurgeBody {
    /// The ids of image packs, without suffixes.
    ImagePacks(Vec<String>),
    /// The name of an image location, in all packs of the tenant.
    Location(String),
    /// `true`: all images of the tenant.
    Everything(bool),
}

/// The fields of a [`PurgeBody`]: exactly one of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PurgeFields {
    image_packs: Option<Vec<String>>,
    location: Option<String>,
    everything: Option<bool>,
}

impl TryFrom<PurgeFields> for PurgeBody {
    type Error = &'static str;

    fn try_from(PurgeFields { image_packs, location, everything }: PurgeFields) -> Result<Self, Self::Error> {
        match (image_packs, location, everything) {
            (Some(packs), None, None) => Ok(Self::ImagePacks(packs)),
            (None, Some(name), None) => Ok(Self::Location(name)),
            (None, None, Some(everything)) => Ok(Self::Everything(everything)),
            _ => Err("name exactly one of \"imagePacks\", \"location\" and \"everything\""),
        }
    }
}

/// The schema says more than the types: the lengths of the list, and that `everything` is `true`.
impl PartialSchema for PurgeBody {
    fn schema() -> RefOr<Schema> {
        let only = |name: &str, description: &str, schema: RefOr<Schema>| {
            let object = ObjectBuilder::new().property(name, schema).required(name).description(Some(description));
            object.additional_properties(Some(AdditionalProperties::FreeForm(false)))
        };
        let packs =
            ArrayBuilder::new().items(text(ImagePackId::PATTERN)).min_items(Some(1)).max_items(Some(PACKS_MAX)).build();
        let everything = ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([true])).build();
        let one_of = OneOfBuilder::new()
            .item(only("imagePacks", "The ids of image packs, without suffixes", packs.into()))
            .item(only("location", "An image location, in all packs of the tenant", text(LocationName::PATTERN).into()))
            .item(only("everything", "All images of the tenant", everything.into()));
        one_of.description(Some("The images to purge.")).into()
    }
}

impl ToSchema for PurgeBody {}

/// The purges that were enqueued or joined. A purge run makes the early and the final purge of each.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EnqueuedPurges {
    tenant: String,
    targets: Vec<EnqueuedTarget>,
    /// The path whose `GET` shows the progress.
    follow_at: String,
}

/// A target of a request.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnqueuedTarget {
    /// `pack#<imagePackId>`, `location#<name>` or `tenant`.
    target: String,
    /// Whether a purge of it waited already, which covers this request too.
    joined: bool,
}

impl EnqueuedPurges {
    pub(crate) fn of(tenant: &TenantId, enqueued: &Enqueued) -> Self {
        Self { tenant: tenant.to_string(), targets: targets(enqueued), follow_at: format!("/purges/{tenant}") }
    }
}

fn targets(Enqueued { enqueued, joined }: &Enqueued) -> Vec<EnqueuedTarget> {
    let target = |joined| move |target: &Target| EnqueuedTarget { target: target.to_string(), joined };
    enqueued.iter().map(target(false)).chain(joined.iter().map(target(true))).collect()
}

/// The effect that a request would have.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurgesPreview {
    dry_run: bool,
    tenant: String,
    targets: Vec<EnqueuedTarget>,
    would_delete: WouldDelete,
    /// Whether there are so many variants that not all were counted.
    has_more_variants: bool,
    /// The items of the targets. Where they are many, one item for the whole tenant may replace them.
    would_invalidate: WouldInvalidate,
    quota: Quotas,
    /// The highest price. The targets of a bulk get no early purge.
    price_usd: Price,
    note: &'static str,
}

impl From<EnqueuePreview> for PurgesPreview {
    fn from(EnqueuePreview { targets: enqueued, request, stored }: EnqueuePreview) -> Self {
        Self {
            dry_run: true,
            tenant: request.tenant.to_string(),
            targets: targets(&enqueued),
            would_delete: WouldDelete { variants: stored.count, first_keys: stored.first },
            has_more_variants: stored.is_partial,
            would_invalidate: WouldInvalidate::of(&request),
            quota: Quotas::of(&request),
            price_usd: Price::of(&request),
            note: NOTHING_WAS_PURGED,
        }
    }
}

/// The status of the purges of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantPurges {
    tenant: String,
    waiting: WaitingPurges,
    in_flight: PurgesInFlight,
    quota: TenantQuotas,
    /// The last completed purges, the newest first, at most ten. One that has just completed may be missing.
    last_completed: Vec<CompletedPurge>,
}

/// The rows of the queue.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct WaitingPurges {
    count: usize,
    /// The time of the oldest change; `null` if none waits.
    #[schema(format = DateTime)]
    oldest_change_at: Option<String>,
    /// The targets with the oldest changes, at most 50.
    targets: Vec<PendingPurge>,
    /// The number of targets that are not shown.
    more: usize,
    /// The number of rows that cannot be read and are not counted.
    unreadable: usize,
}

/// The number of purges in flight.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PurgesInFlight {
    early: usize,
    r#final: usize,
}

/// The use of the quotas by this pipeline. A quota is `null` if the environment does not keep it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TenantQuotas {
    /// The distribution or the distribution tenant that is invalidated.
    distribution_id: Option<String>,
    /// Of the distribution.
    items_in_progress: Option<QuotaUsage>,
    /// Of the distribution.
    wildcards_in_progress: Option<QuotaUsage>,
    /// Of the account, in the last second.
    items_per_second: Option<QuotaUsage>,
    /// Of the account, in the last second.
    wildcards_per_second: Option<QuotaUsage>,
    manual_purges: Allowance,
}

/// The use of a quota of CloudFront.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct QuotaUsage {
    used: usize,
    quota: usize,
    left: usize,
}

/// The allowance of the tenant's manual purges.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Allowance {
    /// The purges that can begin now.
    left: u32,
    burst: u32,
    per_minute: u32,
}

impl TenantPurges {
    pub(crate) fn of(status: TenantStatus, limit: AllowanceLimit) -> Self {
        let TenantStatus { overview, unreadable, items_per_second, wildcards_per_second, tokens_left } = status;
        let usage = |usage: Usage| QuotaUsage { used: usage.used, quota: usage.quota, left: usage.left() };
        let distribution = overview.distribution;
        let in_progress = distribution.as_ref().map(|used| (used.items_in_progress, used.wildcards_in_progress));
        let (items_in_progress, wildcards_in_progress) = in_progress.unwrap_or_default();
        Self {
            tenant: overview.tenant.to_string(),
            waiting: WaitingPurges {
                count: overview.waiting,
                oldest_change_at: overview.oldest_change_at.map(utc),
                more: overview.waiting - overview.targets.len(),
                targets: overview.targets.iter().map(PendingPurge::from).collect(),
                unreadable,
            },
            in_flight: PurgesInFlight { early: overview.early_in_flight, r#final: overview.final_in_flight },
            quota: TenantQuotas {
                distribution_id: distribution.map(|distribution| distribution.invalidated_id),
                items_in_progress: items_in_progress.map(usage),
                wildcards_in_progress: wildcards_in_progress.map(usage),
                items_per_second: items_per_second.map(usage),
                wildcards_per_second: wildcards_per_second.map(usage),
                manual_purges: Allowance {
                    left: tokens_left,
                    burst: limit.burst.get(),
                    per_minute: limit.per_minute.get(),
                },
            },
            last_completed: overview.completed.iter().map(CompletedPurge::from).collect(),
        }
    }
}
