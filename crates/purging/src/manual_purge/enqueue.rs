//! Purges that a purge run executes: of packs, of a location, or of everything of a tenant.

use std::collections::BTreeSet;

use domain::image::variant_key::VariantScope;
use domain::purge::invalidation_item::InvalidationItem;
use domain::purge::purge_preview::{PurgePreview, purge_preview};
use domain::purge::queued_purge::{enqueue, joins, tokens};
use domain::queue::enqueue::Enqueue;
use domain::{Context, Target, TenantId};

use super::purge::requester;
use super::{ManualPurge, ManualPurgeError, StoredVariants};
use crate::ports::{Outbox, Packs, Ports, PurgeRuns, Queue};
use crate::wake_up::wake;

/// The most pages of variants that a preview lists, of 1,000 keys each: a tenant may have millions.
const PAGES_LISTED_MAX: usize = 10;

/// A request that concerns targets of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetsRequest {
    /// The tenant of the targets.
    pub tenant: TenantId,
    /// The targets, at most [`domain::purge::queued_purge::PACKS_MAX`].
    pub targets: BTreeSet<Target>,
    /// The admin: the subject of the token.
    pub subject: String,
}

/// The targets of a request, by what has become or would become of them.
#[derive(Debug, Default)]
pub struct Enqueued {
    /// The targets that were enqueued.
    pub enqueued: Vec<Target>,
    /// The targets whose purge waited already.
    pub joined: Vec<Target>,
}

/// The effect that a request would have.
#[derive(Debug)]
pub struct EnqueuePreview {
    /// The targets.
    pub targets: Enqueued,
    /// The items of the targets that would be enqueued, if a purge run sent each.
    pub request: PurgePreview,
    /// The variants that would be deleted.
    pub stored: StoredVariants,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Enqueues a purge of each target, unless one waits that the request can join, and wakes a purge run. Nothing is
    /// written if the request is invalid.
    pub async fn enqueue(&self, request: &TargetsRequest, context: &Context) -> Result<Enqueued, ManualPurgeError> {
        let tenant = &request.tenant;
        self.distribution(tenant).await?;
        self.check_packs(request).await?;
        let (targets, upserts) = self.planned(request, context).await?;
        if upserts.is_empty() {
            return Ok(targets);
        }
        let taken = self.take_tokens(tenant, tokens(upserts.len())).await;
        taken.map_err(|retry_after| self.rejected(tenant, retry_after))?;
        let written = self.write(&upserts).await;
        // Those that were written are purged at once, also if others were not.
        let tenants = BTreeSet::from([tenant.clone()]);
        wake(self.ports().wakeups(), self.purge_runs.as_ref(), &tenants, self.ports().clock()).await;
        written.map(|()| targets)
    }

    /// Computes the effect of [`Self::enqueue`], and writes nothing.
    pub async fn preview_enqueue(
        &self,
        request: &TargetsRequest,
        context: &Context,
    ) -> Result<EnqueuePreview, ManualPurgeError> {
        let tenant = &request.tenant;
        let distribution = self.distribution(tenant).await?;
        self.check_packs(request).await?;
        let (targets, _) = self.planned(request, context).await?;
        let mut stored = StoredVariants::default();
        let mut pages = PAGES_LISTED_MAX;
        for target in &targets.enqueued {
            self.list(&VariantScope::of(tenant, target), &mut stored, &mut pages).await?;
        }
        let item = |target| InvalidationItem::covering(tenant, target, distribution.cache_tags).to_string();
        let items = targets.enqueued.iter().map(item).collect();
        let in_flight = self.ports().outbox().requests().await?.rows;
        let request = purge_preview(tenant, &distribution, items, &in_flight);
        Ok(EnqueuePreview { targets, request, stored })
    }

    /// Checks that each pack exists in the table or has variants.
    async fn check_packs(
        &self,
        TargetsRequest { tenant, targets, .. }: &TargetsRequest,
    ) -> Result<(), ManualPurgeError> {
        let packs: Vec<_> = targets.iter().filter_map(Target::pack).collect();
        if packs.is_empty() {
            return Ok(());
        }
        let existing = self.packs.existing(tenant, &packs).await?;
        let mut unknown = Vec::new();
        for pack in packs {
            if !existing.contains(pack) && !self.has_variants(tenant, pack).await? {
                unknown.push(pack.clone());
            }
        }
        if unknown.is_empty() { Ok(()) } else { Err(ManualPurgeError::UnknownPacks(unknown)) }
    }

    /// The targets of the request, and the upserts of those that are enqueued.
    async fn planned(
        &self,
        TargetsRequest { tenant, targets, subject }: &TargetsRequest,
        context: &Context,
    ) -> Result<(Enqueued, Vec<Enqueue>), ManualPurgeError> {
        // Before the rows are read: a purge that begins later than now covers everything that was cached before.
        let now = self.now();
        let (mut planned, mut upserts) = (Enqueued::default(), Vec::new());
        for target in targets {
            let row = self.ports().queue().find(tenant, target).await?;
            if row.as_ref().is_some_and(|row| joins(row, now, self.purger.rules.delays.settle)) {
                planned.joined.push(target.clone());
            } else {
                upserts.push(enqueue(tenant, target, &context.id, requester(subject), row.as_ref(), now));
                planned.enqueued.push(target.clone());
            }
        }
        Ok((planned, upserts))
    }

    async fn write(&self, upserts: &[Enqueue]) -> Result<(), ManualPurgeError> {
        for (written, upsert) in upserts.iter().enumerate() {
            let (tenant, target) = (&upsert.tenant, &upsert.target);
            self.ports().queue().upsert(upsert).await.map_err(|source| ManualPurgeError::Enqueueing {
                written,
                of: upserts.len(),
                source,
            })?;
            tracing::info!(%tenant, %target, correlation_id = upsert.version, "The purge is in the queue.");
        }
        Ok(())
    }
}
