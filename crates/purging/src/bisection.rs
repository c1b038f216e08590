//! Bisects a request that CloudFront rejects: finds the rejected item, purges everything else, and quarantines the
//! entries of that item in the dead-letter queue.

use domain::Timestamp;
use domain::purge::ledger::ledger_row;
use domain::purge::purge_request::PurgeRequest;
use serde_json::json;

use crate::executor::{Executor, Report};
use crate::ports::{Clock, DeadLetters, Lease, Ledger, Outbox, Ports, Queue, RowVersion};
use crate::step_error::StepError;

/// The source that a dead letter of a rejected entry names.
pub const SOURCE: &str = "image-invalidation";

/// The most parts of one rejected request that are sent. Finding one item of 500 takes 18.
const PARTS_MAX: usize = 40;

/// The outcome of bisecting a rejected request.
#[derive(Debug, Default)]
pub struct Bisected {
    /// The outcome of sending its parts.
    pub sent: Report,
    /// The number of entries that went to the dead-letter queue.
    pub entries_quarantined: u64,
}

impl<P: Ports> Executor<P> {
    /// Bisects `rejected` until each rejected item is alone. Each part is written to the outbox before it is sent, and
    /// the whole is removed when its parts are written.
    ///
    /// If CloudFront rejects every one of several items, then the cause is not an item (a distribution without cache
    /// tags, for example): all entries stay in the queue.
    ///
    /// After `until` no part is sent any more: those that are in the outbox are sent by the next purge run.
    pub async fn bisect(
        &self,
        rejected: PurgeRequest,
        lease: &Lease,
        dead_letters: &impl DeadLetters,
        until: Timestamp,
    ) -> Bisected {
        let mut bisected = Bisected::default();
        let Bisected { sent: report, .. } = &mut bisected;
        let (of_items, distribution_id) = (rejected.items.len(), rejected.distribution.distribution_id.clone());
        let mut waiting = vec![rejected];
        let mut alone = Vec::new();
        let mut parts = 0;
        while let Some(request) = waiting.pop() {
            if self.ports.clock().now() >= until {
                return bisected;
            }
            let Some(halves) = request.halves() else {
                alone.push(request);
                continue;
            };
            if parts >= PARTS_MAX {
                alone.push(request);
                break;
            }
            if !self.replace(&request, &halves, lease, report).await {
                return bisected;
            }
            for half in halves {
                parts += 1;
                self.send(half, report).await;
            }
            waiting.append(&mut report.rejected);
        }
        // A part may also be delayed, or its call may fail: neither says anything about its items.
        let items_rejected: usize = alone.iter().chain(&waiting).map(|request| request.items.len()).sum();
        if of_items > 1 && items_rejected == of_items {
            report.fail(StepError::EveryItemRejected { distribution_id });
            for request in alone.iter().chain(&waiting) {
                self.remove(request, report).await;
            }
            return bisected;
        }
        for request in alone.iter().chain(&waiting) {
            // The limit of parts was reached: the next purge run plans these entries again.
            if request.items.len() > 1 {
                self.remove(request, &mut bisected.sent).await;
            } else {
                bisected.entries_quarantined += self.quarantine(request, dead_letters, &mut bisected.sent).await;
            }
        }
        bisected
    }

    /// Writes the halves of a request to the outbox and removes the whole. `false`: a write failed, or another purge
    /// run has taken the lease.
    async fn replace(
        &self,
        whole: &PurgeRequest,
        halves: &[PurgeRequest; 2],
        lease: &Lease,
        report: &mut Report,
    ) -> bool {
        for half in halves {
            match self.write(half, Some(lease)).await {
                Ok(true) => {}
                Ok(false) => {
                    report.is_superseded = true;
                    return false;
                }
                Err(error) => {
                    report.fail(error);
                    return false;
                }
            }
        }
        self.remove(whole, report).await
    }

    async fn remove(&self, request: &PurgeRequest, report: &mut Report) -> bool {
        match self.ports.outbox().remove(&request.caller_reference).await {
            Ok(()) => true,
            Err(error) => {
                report.fail(error);
                false
            }
        }
    }

    /// Stores the entries of a rejected request of one item as dead letters, removes them from the queue, and returns
    /// their number.
    async fn quarantine(&self, request: &PurgeRequest, dead_letters: &impl DeadLetters, report: &mut Report) -> u64 {
        let mut quarantined = 0;
        for entry in &request.entries {
            let reason = format!("CloudFront rejects {} as an item of an invalidation", request.items.join(", "));
            let payload = json!({"tenant": request.for_tenant, "entry": entry, "distribution": request.distribution});
            let (tenant, target, version) = (&request.for_tenant, &entry.target, entry.version.as_str());
            let result = async {
                dead_letters.keep(SOURCE, &reason, &payload).await?;
                self.ports.ledger().write(&ledger_row(request, entry, None, self.ledger_retention)).await?;
                self.ports.queue().remove_if_unchanged(RowVersion { tenant, target, version }).await
            };
            match result.await {
                Ok(_) => {
                    tracing::error!(
                        %tenant, %target, error = reason,
                        "An entry cannot be purged. It is in the dead-letter queue: find out why CloudFront rejects \
                         the item, then replay the dead letter."
                    );
                    quarantined += 1;
                }
                Err(error) => {
                    report.fail(error);
                    return quarantined;
                }
            }
        }
        self.remove(request, report).await;
        quarantined
    }
}
