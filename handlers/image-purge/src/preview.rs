//! `DELETE …?dryRun=true`: says what a purge would do, by the same plan, and writes nothing.

use std::collections::BTreeMap;

use domain::image::variant_key::VariantScope;
use domain::purge::distribution::Distribution;
use domain::purge::planner::plan;
use domain::purge::purge_preview::purge_preview;
use domain::queue::enqueue::Enqueue;
use domain::queue::queue_entry::QueueEntry;
use domain::{ImagePackId, Target, TenantId};
use lambda_http::{Body, Response};
use purging::ports::{Clock, ListFrom, Packs, Ports, Queue, Variants};
use purging::purger::Purger;

use crate::purge::upserts;
use crate::request::AdminRequest;
use crate::{Failed, Handler, response};

/// How many keys of variants are named.
const KEYS_SHOWN_MAX: usize = 10;

/// The variants that a purge would delete.
#[derive(Debug, Default)]
pub(crate) struct StoredVariants {
    pub(crate) count: usize,
    /// The first of their keys.
    pub(crate) first: Vec<String>,
}

impl<P: Ports, K: Packs> Handler<P, K> {
    pub(crate) async fn preview(
        &self,
        request: &AdminRequest,
        pack: ImagePackId,
        distribution: Distribution,
        request_id: &str,
    ) -> Result<Response<Body>, Failed> {
        let Purger { delays, budgets, .. } = &self.purger;
        let now = self.ports().clock().now();
        let entries = upserts(request, &pack, now, request_id).into_iter().map(row).collect();
        let tenants = BTreeMap::from([(request.tenant.clone(), distribution)]);
        let plan = plan(now, entries, &[], &tenants, delays, budgets);
        let in_flight = self.ports().queue().requests().await?.rows;
        let stored = self.stored(&request.tenant, &pack).await?;
        let previews = plan.batches.iter().map(|batch| purge_preview(batch, &in_flight)).collect::<Vec<_>>();
        Ok(response::preview(&pack, &previews, &stored))
    }

    async fn stored(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<StoredVariants, Failed> {
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
