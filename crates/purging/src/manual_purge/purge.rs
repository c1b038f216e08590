//! The purge of a pack, executed at once.

use std::collections::{BTreeMap, BTreeSet};

use domain::change::detection::{Change, Reason};
use domain::purge::ledger::Invalidation;
use domain::purge::planner::plan;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::{Enqueue, Event, reduce};
use domain::queue::queue_entry::QueueEntry;
use domain::{Context, ImagePackId, Target};

use super::{ManualPurge, ManualPurgeError, PackRequest};
use crate::executor::Report;
use crate::ports::{Packs, Ports, Queue};
use crate::purger::Purger;

/// A purge whose invalidation CloudFront has accepted.
#[derive(Debug)]
pub struct Purged {
    /// The pack.
    pub pack: ImagePackId,
    /// The request that was sent.
    pub request: PurgeRequest,
    /// CloudFront's invalidation.
    pub invalidation: Invalidation,
    /// The number of variants that were deleted.
    pub variants_deleted: u64,
}

impl<P: Ports, K: Packs> ManualPurge<P, K> {
    /// Enqueues the purge of a pack and executes it.
    pub async fn purge(&self, request: &PackRequest, context: &Context) -> Result<Purged, ManualPurgeError> {
        let distribution = self.distribution(&request.tenant).await?;
        let pack = self.existing_pack(request).await?;
        let Purger { executor, delays, budgets, variant_deletion_max } = &self.purger;
        let mut entries = Vec::new();
        for upsert in upserts(request, &pack, context) {
            let entry = self.ports().queue().upsert(&upsert).await?;
            entries.push(QueueEntry { early_purge_version: None, ..entry });
        }
        let tenants = BTreeMap::from([(request.tenant.clone(), distribution)]);
        let plan = plan(context.now, entries, &[], &tenants, delays, budgets);
        let until = context.now.plus(*variant_deletion_max);
        // Without a lease: no purge run executes the early purge of this version.
        let Report { accepted, delayed, mut failures, variants_deleted, .. } =
            executor.execute(plan, None, until, BTreeSet::new()).await;
        failures.extend(delayed.into_iter().map(|delayed| delayed.error.into()));
        match accepted.into_iter().next() {
            Some((accepted, invalidation)) if failures.is_empty() => {
                Ok(Purged { pack, request: accepted, invalidation, variants_deleted })
            }
            _ => Err(ManualPurgeError::Steps(failures)),
        }
    }
}

/// The upserts that the purge of `pack` writes into the queue.
pub(super) fn upserts(request: &PackRequest, pack: &ImagePackId, context: &Context) -> Vec<Enqueue> {
    let target = Target::Pack(pack.clone());
    let change = Change { tenant: request.tenant.clone(), target, reasons: vec![Reason::Manual] };
    let event = Event { change, written_at: context.now, sequence: "manual".to_owned() };
    let mut upserts = reduce(vec![event], context.now, &context.id, &requester(&request.subject));
    for upsert in &mut upserts {
        // Set in the same write, so that no purge run begins the same early purge meanwhile.
        upsert.is_purged_at_once = true;
    }
    upserts
}

/// The characters of a subject that are kept. A request of the outbox is one item of a table, of limited size.
const SUBJECT_CHARS_MAX: usize = 64;

/// The requester, as the queue and the ledger name it.
fn requester(subject: &str) -> String {
    format!("admin:{}", subject.chars().take(SUBJECT_CHARS_MAX).collect::<String>())
}
