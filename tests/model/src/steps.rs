//! The effect of each step of a worker.

use crate::cloudfront::Invalidation;
use crate::mutation::Mutation;
use crate::queue::Row;
use crate::request::{OutboxRequest, PurgeKind, Request};
use crate::state::State;
use crate::worker::{Step, Token, Worker};

/// Carries out steps under the protocol, or under a mutation of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Protocol {
    /// The pause of a purge run between deletes and invalidation, in ticks.
    pub(crate) pause: u8,
    /// The rule that is broken.
    pub(crate) mutation: Option<Mutation>,
}

impl Protocol {
    fn has(self, mutation: Mutation) -> bool {
        self.mutation == Some(mutation)
    }

    /// The worker's next step. The worker, changed, or `None` if it has ended.
    pub(crate) fn go(self, state: &mut State, mut worker: Worker) -> Option<Worker> {
        match worker.step {
            Step::ReadEntries => {
                if self.has(Mutation::EntriesReadBeforeRequests) {
                    worker.tracking.clone_from(&state.queue.outbox);
                } else {
                    worker.batch = state.due();
                }
                worker.batch = worker.batch.without_in_flight(&worker.tracking);
                Some(self.proceed(worker))
            }
            Step::DeleteVariants(pack) => {
                state.packs[pack].copies.variant = None;
                Some(self.after_deletion(worker, pack))
            }
            // Only the clock ends a pause.
            Step::Pause(_) => Some(worker),
            Step::WriteRequest => Some(self.write_request(state, worker)),
            Step::Send => {
                state.cloudfront.create(&worker.current.request, self.mutation);
                worker.step =
                    if self.has(Mutation::RequestSentBeforeItIsInTheOutbox) && !self.is_written(state, &worker) {
                        Step::WriteRequest
                    } else {
                        Step::Note
                    };
                Some(worker)
            }
            Step::Note => self.note(state, worker),
            Step::Look => {
                Some(Worker { step: worker.current.request.next_pack(0).map_or(Step::Forget, Step::Ledger), ..worker })
            }
            Step::Ledger(pack) => {
                let served = worker.current.request.entries[pack];
                if let Some(served) = served.filter(|served| served.kind == PurgeKind::Final) {
                    let promised = &mut state.packs[pack].promised;
                    *promised = served.promises.max(*promised);
                }
                Some(Worker { step: Step::UpdateRow(pack), ..worker })
            }
            Step::UpdateRow(pack) => Some(self.update_row(state, worker, pack)),
            Step::Forget => {
                let request = worker.current.request;
                state.queue.outbox.retain(|written| !written.request.has_the_name_of(&request, self.mutation));
                Some(self.proceed(worker))
            }
            Step::Release => {
                if worker.token == Token::Newest {
                    state.queue.lease_left = 0;
                }
                None
            }
        }
    }

    /// The step after a request is completed: the next one, then the worker's own batch, then the end.
    pub(crate) fn proceed(self, mut worker: Worker) -> Worker {
        worker.current = OutboxRequest::default();
        if let Some(written) = worker.tracking.pop() {
            worker.current = written;
            worker.step = if written.is_accepted { Step::Look } else { Step::Send };
        } else if let Some(pack) = worker.batch.next_pack(0) {
            worker.step =
                if self.has(Mutation::CloudFrontBeforeS3) { Step::WriteRequest } else { Step::DeleteVariants(pack) };
        } else {
            worker.step = Step::Release;
        }
        worker
    }

    /// Whether CloudFront is done with the request that `worker` looks at.
    pub(crate) fn is_done(self, state: &State, worker: &Worker) -> bool {
        let found = state.cloudfront.find(&worker.current.request, self.mutation);
        found.is_some_and(|Invalidation { is_completed, .. }| {
            *is_completed || self.has(Mutation::RowRemovedWhenAccepted)
        })
    }

    /// The clock advances by a tick for `worker`.
    pub(crate) fn tick(self, worker: Worker) -> Worker {
        match worker.step {
            Step::Pause(left) if left > 1 => Worker { step: Step::Pause(left - 1), ..worker },
            Step::Pause(_) => self.after_pause(worker),
            _ => worker,
        }
    }

    fn after_deletion(self, worker: Worker, pack: usize) -> Worker {
        match worker.batch.next_pack(pack + 1) {
            Some(next) => Worker { step: Step::DeleteVariants(next), ..worker },
            None if worker.batch.has_final_entries() && self.pause > 0 => {
                Worker { step: Step::Pause(self.pause), ..worker }
            }
            None => self.after_pause(worker),
        }
    }

    fn after_pause(self, worker: Worker) -> Worker {
        match self.mutation {
            Some(Mutation::CloudFrontBeforeS3) => Worker { step: Step::Look, batch: Request::default(), ..worker },
            Some(Mutation::RequestSentBeforeItIsInTheOutbox) => {
                Worker { step: Step::Send, current: own(&worker), ..worker }
            }
            _ => Worker { step: Step::WriteRequest, ..worker },
        }
    }

    /// The fencing token is checked: a purge run that has lost the lease stops here. Before, it has only deleted
    /// variants, which is harmless.
    fn write_request(self, state: &mut State, mut worker: Worker) -> Worker {
        if worker.token == Token::Superseded && !self.has(Mutation::FencingTokenNotChecked) {
            return Worker { step: Step::Release, ..worker };
        }
        let is_sent_already = !worker.current.request.is_empty();
        worker.current = own(&worker);
        if !self.is_written(state, &worker) {
            state.queue.outbox.push(worker.current);
            state.queue.outbox.sort_unstable();
        }
        // Kept in the mutation, which deletes the variants after sending.
        if !self.has(Mutation::CloudFrontBeforeS3) {
            worker.batch = Request::default();
        }
        worker.step = if is_sent_already { Step::Note } else { Step::Send };
        worker
    }

    fn is_written(self, state: &State, worker: &Worker) -> bool {
        let request = &worker.current.request;
        state.queue.outbox.iter().any(|written| written.request.has_the_name_of(request, self.mutation))
    }

    fn note(self, state: &mut State, mut worker: Worker) -> Option<Worker> {
        worker.current.is_accepted = true;
        let request = worker.current.request;
        // A request that is forgotten stays so.
        for written in &mut state.queue.outbox {
            written.is_accepted |= written.request.has_the_name_of(&request, self.mutation);
        }
        state.queue.outbox.sort_unstable();
        let is_own = request == worker.batch;
        worker.step = match worker.batch.next_pack(0) {
            Some(pack) if self.has(Mutation::CloudFrontBeforeS3) && is_own => Step::DeleteVariants(pack),
            // A DELETE responds now; the purge runs do the rest.
            _ if worker.token == Token::None => return None,
            _ => Step::Look,
        };
        Some(worker)
    }

    fn update_row(self, state: &mut State, mut worker: Worker, pack: usize) -> Worker {
        if let Some(served) = worker.current.request.entries[pack] {
            let row = &mut state.packs[pack].row;
            let is_unchanged = row.is_some_and(|row| row.version == served.version);
            match served.kind {
                PurgeKind::Final if is_unchanged || self.has(Mutation::RowRemovedAtAnyVersion) => *row = None,
                PurgeKind::Early if is_unchanged => {
                    *row = row.map(|row| Row { is_early_purge_done: true, ..row });
                }
                _ => {}
            }
        }
        worker.step = worker.current.request.next_pack(pack + 1).map_or(Step::Forget, Step::Ledger);
        worker
    }
}

/// The worker's own batch as a request.
fn own(worker: &Worker) -> OutboxRequest {
    let request = if worker.batch.is_empty() { worker.current.request } else { worker.batch };
    OutboxRequest { request, is_accepted: false }
}
