//! Bisects a request that CloudFront rejects: finds the rejected item, purges everything else, and quarantines the
//! entries of that item in the dead-letter queue. The parts are requests of the outbox like any other: the planner sends
//! them as the pacer admits them.

use std::collections::BTreeMap;

use domain::purge::ledger::ledger_row;
use domain::purge::purge_request::PurgeRequest;
use serde_json::json;

use crate::executor::{Executor, Report};
use crate::ports::{DeadLetters, Lease, Ledger, Outbox, Ports, Queue, RowVersion};
use crate::step_error::StepError;

/// The source that a dead letter of a rejected entry names.
pub const SOURCE: &str = "image-invalidation";

/// The most parts of one rejected request. Finding one item of 500 takes 18.
const PARTS_MAX: usize = 40;

/// The rejected requests that are being bisected.
#[derive(Debug, Default)]
pub(crate) struct Bisections {
    wholes: Vec<Whole>,
    /// The index of the whole of each part in the outbox, by caller reference.
    whole_of: BTreeMap<String, usize>,
}

/// A rejected request.
#[derive(Debug)]
struct Whole {
    items: usize,
    parts: usize,
    /// The number of parts in the outbox.
    open: usize,
    /// The rejected parts that are not split any more.
    rejected: Vec<PurgeRequest>,
}

impl<P: Ports> Executor<P> {
    /// Continues the bisections after a round of requests. Returns the parts that it wrote to the outbox and the number of
    /// entries that it quarantined.
    ///
    /// If CloudFront rejects every one of several items, then the cause is not an item (a distribution without cache
    /// tags, for example): all entries stay in the queue.
    pub(crate) async fn bisect(
        &self,
        bisections: &mut Bisections,
        report: &mut Report,
        lease: &Lease,
        dead_letters: &impl DeadLetters,
    ) -> (Vec<PurgeRequest>, u64) {
        let mut written = Vec::new();
        let mut quarantined = 0;
        let accepted: Vec<_> = report.accepted.iter().map(|request| request.caller_reference.clone()).collect();
        let mut ended: Vec<_> = accepted.iter().filter_map(|reference| bisections.close(reference)).collect();
        for request in std::mem::take(&mut report.rejected) {
            let index = bisections.whole(&request);
            let whole = &mut bisections.wholes[index];
            if whole.has_rejected(&request.caller_reference) {
                // It is in the outbox until the last part has ended, and was sent again.
                continue;
            }
            match request.halves() {
                Some(halves) if whole.parts < PARTS_MAX => {
                    if self.replace(&request, &halves, lease, report).await {
                        whole.parts += halves.len();
                        whole.open += halves.len();
                        let references = halves.iter().map(|half| (half.caller_reference.clone(), index));
                        bisections.whole_of.extend(references);
                        written.extend(halves);
                    }
                    ended.extend(bisections.close(&request.caller_reference));
                }
                _ => {
                    whole.rejected.push(request);
                    whole.open -= 1;
                    ended.extend((whole.open == 0).then_some(index));
                }
            }
        }
        for index in ended {
            let whole = &mut bisections.wholes[index];
            let rejected = std::mem::take(&mut whole.rejected);
            let items_rejected: usize = rejected.iter().map(|request| request.items.len()).sum();
            let is_everything = whole.items > 1 && items_rejected == whole.items;
            for request in rejected {
                bisections.whole_of.remove(&request.caller_reference);
                if is_everything {
                    let distribution_id = request.distribution.invalidated_id().to_owned();
                    report.fail(&request.for_tenant, StepError::EveryItemRejected { distribution_id });
                }
                // The limit of parts was reached: the entries are planned again.
                if is_everything || request.items.len() > 1 {
                    self.remove(&request, report).await;
                } else {
                    quarantined += self.quarantine(&request, dead_letters, report).await;
                }
            }
        }
        (written, quarantined)
    }

    /// Writes the halves of a request to the outbox and removes the whole. `false`: a write failed, or another purge
    /// run has taken the lease.
    pub(crate) async fn replace(
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
                    report.fail_write(&half.for_tenant, error);
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
                report.fail(&request.for_tenant, error);
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
                    report.fail(tenant, error);
                    return quarantined;
                }
            }
        }
        self.remove(request, report).await;
        quarantined
    }
}

impl Whole {
    fn has_rejected(&self, caller_reference: &str) -> bool {
        self.rejected.iter().any(|request| request.caller_reference == caller_reference)
    }
}

impl Bisections {
    /// The index of the whole of a rejected request: of the one that it is a part of, or its own.
    fn whole(&mut self, request: &PurgeRequest) -> usize {
        let next = self.wholes.len();
        let index = *self.whole_of.entry(request.caller_reference.clone()).or_insert(next);
        if index == next {
            self.wholes.push(Whole { items: request.items.len(), parts: 0, open: 1, rejected: Vec::new() });
        }
        index
    }

    /// Whether a request is a part of a rejected one.
    pub(crate) fn has(&self, caller_reference: &str) -> bool {
        self.whole_of.contains_key(caller_reference)
    }

    /// Notes that a part has left the outbox or is accepted. Returns the index of its whole, if that was the last part.
    fn close(&mut self, caller_reference: &str) -> Option<usize> {
        let index = self.whole_of.remove(caller_reference)?;
        let whole = &mut self.wholes[index];
        if whole.has_rejected(caller_reference) {
            whole.rejected.retain(|request| request.caller_reference != caller_reference);
            return None;
        }
        whole.open -= 1;
        (whole.open == 0).then_some(index)
    }
}
