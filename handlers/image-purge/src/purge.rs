//! `DELETE`: purges a pack at once.

use std::collections::BTreeMap;

use domain::change::detection::{Change, Reason};
use domain::purge::distribution::Distribution;
use domain::purge::planner::plan;
use domain::queue::enqueue::{Enqueue, Event, reduce};
use domain::queue::queue_entry::QueueEntry;
use domain::{ImagePackId, Target, Timestamp};
use lambda_http::{Body, Response};
use purging::ports::{Clock, Packs, Ports, Queue};
use purging::purger::Purger;

use crate::request::AdminRequest;
use crate::response::Done;
use crate::{Failed, Handler};

impl<P: Ports, K: Packs> Handler<P, K> {
    pub(crate) async fn purge(
        &self,
        request: &AdminRequest,
        pack: ImagePackId,
        distribution: Distribution,
        request_id: &str,
    ) -> Result<Response<Body>, Failed> {
        let Purger { executor, delays, budgets, variant_deletion_max } = &self.purger;
        let now = self.ports().clock().now();
        let mut entries = Vec::new();
        for upsert in upserts(request, &pack, now, request_id) {
            let entry = self.ports().queue().upsert(&upsert).await?;
            entries.push(QueueEntry { early_purge_version: None, ..entry });
        }
        let tenants = BTreeMap::from([(request.tenant.clone(), distribution)]);
        let plan = plan(now, entries, &[], &tenants, delays, budgets);
        // Without a lease: this version's early purge is nobody else's.
        let report = executor.execute(plan, None, now.plus(*variant_deletion_max)).await;
        match report.accepted.into_iter().next() {
            Some((accepted, invalidation)) if report.failures.is_empty() => {
                Ok(Done { pack, request: accepted, invalidation, variants_deleted: report.variants_deleted }
                    .into_response())
            }
            _ => Err(Failed::Steps(report.failures)),
        }
    }
}

/// The upserts that the purge of `request` writes into the queue.
pub(crate) fn upserts(request: &AdminRequest, pack: &ImagePackId, now: Timestamp, request_id: &str) -> Vec<Enqueue> {
    let target = Target::Pack(pack.clone());
    let change = Change { tenant: request.tenant.clone(), target, reasons: vec![Reason::Manual] };
    let event = Event { change, written_at: now, sequence: "manual".to_owned() };
    let mut upserts = reduce(vec![event], now, request_id, &requester(&request.admin.subject));
    for upsert in &mut upserts {
        // Said when it is enqueued, so that no purge run begins the same purge meanwhile.
        upsert.is_purged_at_once = true;
    }
    upserts
}

/// Characters of a subject that are kept. A request of the outbox is one item of a table, of limited size.
const SUBJECT_CHARS_MAX: usize = 64;

/// Whom the queue and the ledger name.
fn requester(subject: &str) -> String {
    format!("admin:{}", subject.chars().take(SUBJECT_CHARS_MAX).collect::<String>())
}
