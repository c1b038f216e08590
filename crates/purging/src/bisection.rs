//! Finds the item that CloudFront rejects, purges everything else, and keeps what it was about in the dead-letter
//! queue.

use domain::purge::ledger::ledger_row;
use domain::purge::purge_request::PurgeRequest;
use serde_json::json;

use crate::executor::{Executor, Report};
use crate::ports::{DeadLetters, Lease, Ledger, Ports, Queue, RowVersion};

/// What a dead letter of a rejected entry names as its source.
pub const SOURCE: &str = "image-invalidation";

/// How many parts of one rejected request are sent. To find one item of 500 takes 18.
const PARTS_MAX: usize = 40;

/// The outcome of bisecting a rejected request.
#[derive(Debug, Default)]
pub struct Bisected {
    /// What came of its parts.
    pub sent: Report,
    /// How many entries went to the dead-letter queue.
    pub entries_quarantined: u64,
}

impl<P: Ports> Executor<P> {
    /// Bisects `rejected` until the items are alone that CloudFront rejects. Each part is written to the outbox before
    /// it is sent, and the whole is forgotten when its parts are written.
    ///
    /// If CloudFront rejects all of several items, then it is not about the items (a distribution without cache tags,
    /// for example): everything stays in the queue.
    pub async fn bisect(&self, rejected: PurgeRequest, lease: &Lease, dead_letters: &impl DeadLetters) -> Bisected {
        let mut bisected = Bisected::default();
        let Bisected { sent: report, .. } = &mut bisected;
        let (of_items, distribution_id) = (rejected.items.len(), rejected.distribution.distribution_id.clone());
        let mut waiting = vec![rejected];
        let mut alone = Vec::new();
        let mut parts = 0;
        while let Some(request) = waiting.pop() {
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
        if of_items > 1 && report.accepted.is_empty() {
            let failure = format!("CloudFront rejects every item of distribution {distribution_id}; all of them wait");
            report.fail(&failure);
            for request in alone.iter().chain(&waiting) {
                self.forget(request, report).await;
            }
            return bisected;
        }
        for request in alone.iter().chain(&waiting) {
            // Too many to find all of them now: what is not alone is planned again by the next purge run.
            if request.items.len() > 1 {
                self.forget(request, &mut bisected.sent).await;
            } else {
                bisected.entries_quarantined += self.quarantine(request, dead_letters, &mut bisected.sent).await;
            }
        }
        bisected
    }

    /// Writes the halves of a request to the outbox and removes the whole. `false`: that failed, or another purge run
    /// is at it.
    async fn replace(
        &self,
        whole: &PurgeRequest,
        halves: &[PurgeRequest; 2],
        lease: &Lease,
        report: &mut Report,
    ) -> bool {
        for half in halves {
            match self.ports.queue().write_request(half, Some(lease)).await {
                Ok(true) => {}
                Ok(false) => {
                    report.is_superseded = true;
                    return false;
                }
                Err(error) => {
                    report.fail(&error);
                    return false;
                }
            }
        }
        self.forget(whole, report).await
    }

    async fn forget(&self, request: &PurgeRequest, report: &mut Report) -> bool {
        let result = self.ports.queue().forget_request(&request.caller_reference).await;
        result.inspect_err(|error| report.fail(error)).is_ok()
    }

    /// Keeps the entries of a request of one item that CloudFront rejects as dead letters, and removes them from the
    /// queue. Says how many.
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
                    tracing::error!(%tenant, %target, reason, "it is in the dead-letter queue");
                    quarantined += 1;
                }
                Err(error) => {
                    report.fail(&error);
                    return quarantined;
                }
            }
        }
        self.forget(request, report).await;
        quarantined
    }
}
