//! The preview of a purge: computed by the same plan, without any write.

use std::collections::BTreeMap;

use domain::image::variant_key::VariantScope;
use domain::purge::planner::plan;
use domain::purge::purge_preview::{PurgePreview, purge_preview};
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::QueueEntry;
use domain::{Context, ImagePackId, Target, TenantId};

use super::purge::upserts;
use super::{ManualPurge, ManualPurgeError, PackRequest};
use crate::ports::{CallError, ListFrom, Outbox, Packs, Ports, Variants};
use crate::purger::Purger;

/// The most keys of variants that a preview names.
const KEYS_SHOWN_MAX: usize = 10;

/// The effect that a purge of a pack would have.
#[derive(Debug)]
pub struct Preview {
    /// The pack.
    pub pack: ImagePackId,
    /// One preview for each request that would be sent; a pack is one request.
    pub requests: Vec<PurgePreview>,
    /// The variants that would be deleted.
    pub stored: StoredVariants,
}

/// The stored variants of a pack.
#[derive(Debug, Default)]
pub struct StoredVariants {
    /// Their number.
    pub count: usize,
    /// The first of their keys.
    pub first: Vec<String>,
}

impl<P: Ports, K: Packs> ManualPurge<P, K> {
    /// Computes the effect of [`Self::purge`], and writes nothing.
    pub async fn preview(&self, request: &PackRequest, context: &Context) -> Result<Preview, ManualPurgeError> {
        let distribution = self.distribution(&request.tenant).await?;
        let pack = self.existing_pack(request).await?;
        let Purger { delays, budgets, .. } = &self.purger;
        let entries = upserts(request, &pack, context).into_iter().map(row).collect();
        let tenants = BTreeMap::from([(request.tenant.clone(), distribution)]);
        let plan = plan(context.now, entries, &[], &tenants, delays, budgets);
        let in_flight = self.ports().outbox().requests().await?.rows;
        let stored = self.stored(&request.tenant, &pack).await?;
        let requests = plan.batches.iter().map(|batch| purge_preview(batch, &in_flight)).collect();
        Ok(Preview { pack, requests, stored })
    }

    async fn stored(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<StoredVariants, CallError> {
        let scope = VariantScope::of(tenant, &Target::Pack(pack.clone()));
        let mut stored = StoredVariants::default();
        let mut next: Option<String> = None;
        loop {
            let from = next.as_deref().map_or(ListFrom::Start, ListFrom::Token);
            let page = self.ports().variants().list(&scope.prefix, from).await?;
            for key in page.keys.into_iter().filter(|key| scope.covers(key)) {
                stored.count += 1;
                if stored.first.len() < KEYS_SHOWN_MAX {
                    stored.first.push(key);
                }
            }
            match page.next {
                Some(token) => next = Some(token),
                None => return Ok(stored),
            }
        }
    }
}

/// The row that `upsert` would write, without the mark that the early purge is done.
fn row(upsert: Enqueue) -> QueueEntry {
    QueueEntry { early_purge_version: None, ..upsert.into_new_row() }
}
