//! The effect of each step of a worker, under the protocol or under a mutation of it.

use crate::config::Config;
use crate::mutation::Mutation;
use crate::queue::{Done, InvokedAt, Row};
use crate::request::{OutboxRequest, PurgeKind, Request};
use crate::rounds::take_wake_ups;
use crate::state::State;
use crate::worker::{Step, Token, Worker};

impl Config {
    /// The worker's next step. The worker, changed, or `None` if it has ended.
    pub(crate) fn go(&self, state: &mut State, mut worker: Worker) -> Option<Worker> {
        match worker.step {
            Step::TakeLease => self.take_lease(state, worker),
            Step::ArriveLate => {
                state.queue.invoked_at = InvokedAt::Absent;
                None
            }
            Step::ReadRequests => Some(self.read_requests(state, worker)),
            Step::ReadEntries => Some(self.read_entries(state, worker)),
            Step::TakeWakeUpsLate => {
                take_wake_ups(state, &mut worker);
                Some(self.proceed(state, worker))
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
                let is_sent_first =
                    self.has(Mutation::RequestSentBeforeItIsInTheOutbox) && !self.is_written(state, &worker);
                worker.step = if is_sent_first { Step::WriteRequest } else { Step::Note };
                Some(worker)
            }
            Step::Note => self.note(state, worker),
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
                if self.has(Mutation::RowRemovedBeforeItsDeletion) {
                    return Some(Worker { step: Step::DeleteVariantsAfterwards(0), ..worker });
                }
                Some(self.proceed(state, worker))
            }
            Step::DeleteVariantsAfterwards(pack) => Some(self.delete_afterwards(state, worker, pack)),
            Step::RemoveRow(pack) => {
                let is_any = self.has(Mutation::RowRemovedAtAnyVersion);
                let row = &mut state.packs[pack].row;
                *row = row.filter(|row| row.version != worker.known[pack] && !is_any);
                Some(self.proceed(state, worker))
            }
            Step::Wait => Some(Worker { step: self.after_waiting(state, &worker), ..worker }),
            Step::Release => self.release(state, &worker),
            Step::Compare => self.compare(worker),
        }
    }

    /// The step after a request is completed: the next one, then the worker's own batch, then the deletions.
    pub(crate) fn proceed(&self, state: &State, mut worker: Worker) -> Worker {
        worker.current = OutboxRequest::default();
        worker.tracking.retain(|written| !written.is_accepted || state.cloudfront.is_done(&written.request, self));
        let deletion = state.rows_of(&worker.known).find(|(_, row)| row.done == Done::Final);
        if let Some(written) = worker.tracking.pop() {
            worker.current = written;
            worker.step = if written.is_accepted { first_ledger_step(written.request) } else { Step::Send };
        } else if !worker.batch.is_empty() {
            let deletion = worker.batch.next_deletion(0).filter(|_| !self.has(Mutation::CloudFrontBeforeS3));
            worker.step = deletion.map_or(self.first_step_of_batch(), Step::DeleteVariants);
            if worker.step == Step::Send {
                worker.current = own(&worker);
            }
        } else if let Some((pack, _)) = deletion {
            worker.step = Step::DeleteVariantsAfterwards(pack);
        } else {
            worker.step = Step::Wait;
        }
        worker
    }

    /// The clock advances by a time unit for `worker`.
    pub(crate) fn pass_worker(&self, worker: Worker) -> Worker {
        match worker.step {
            Step::Pause(left) if left > 1 => Worker { step: Step::Pause(left - 1), ..worker },
            Step::Pause(_) => self.after_pause(worker),
            _ => worker,
        }
    }

    fn after_deletion(&self, worker: Worker, pack: usize) -> Worker {
        match worker.batch.next_deletion(pack + 1) {
            Some(next) => Worker { step: Step::DeleteVariants(next), ..worker },
            None if worker.batch.waits_after_deletion() && self.delay_after_deletion() > 0 => {
                Worker { step: Step::Pause(self.delay_after_deletion()), ..worker }
            }
            None => self.after_pause(worker),
        }
    }

    fn after_pause(&self, worker: Worker) -> Worker {
        match self.first_step_of_batch() {
            // The mutation has sent it already.
            _ if self.has(Mutation::CloudFrontBeforeS3) => {
                Worker { step: Step::Wait, batch: Request::default(), current: OutboxRequest::default(), ..worker }
            }
            Step::Send => Worker { step: Step::Send, current: own(&worker), ..worker },
            step => Worker { step, ..worker },
        }
    }

    fn first_step_of_batch(&self) -> Step {
        if self.has(Mutation::RequestSentBeforeItIsInTheOutbox) { Step::Send } else { Step::WriteRequest }
    }

    /// The fencing token is checked: a purge run that has lost the lease stops here. Before, it has only deleted
    /// variants, which is harmless.
    fn write_request(&self, state: &mut State, mut worker: Worker) -> Worker {
        if worker.token == Token::Superseded && !self.has(Mutation::FencingTokenNotChecked) {
            return Worker { step: self.last_step(), ..worker };
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

    fn is_written(&self, state: &State, worker: &Worker) -> bool {
        let request = &worker.current.request;
        state.queue.outbox.iter().any(|written| written.request.has_the_name_of(request, self.mutation))
    }

    fn note(&self, state: &mut State, mut worker: Worker) -> Option<Worker> {
        worker.current.is_accepted = true;
        let request = worker.current.request;
        // A request that is forgotten stays so.
        for written in &mut state.queue.outbox {
            written.is_accepted |= written.request.has_the_name_of(&request, self.mutation);
        }
        state.queue.outbox.sort_unstable();
        match worker.batch.next_deletion(0) {
            Some(pack) if self.has(Mutation::CloudFrontBeforeS3) && request == worker.batch => {
                Some(Worker { step: Step::DeleteVariants(pack), ..worker })
            }
            // A DELETE responds now; the purge runs do the rest.
            _ if worker.token == Token::None => None,
            _ => Some(self.proceed(state, worker)),
        }
    }

    fn update_row(&self, state: &mut State, mut worker: Worker, pack: usize) -> Worker {
        if let Some(served) = worker.current.request.entries[pack] {
            let removes = served.deletes_first || self.has(Mutation::RowRemovedBeforeItsDeletion);
            let is_undone = self.has(Mutation::EarlyPurgeNotedOverTheFinalOne);
            let row = &mut state.packs[pack].row;
            let is_unchanged = row.is_some_and(|row| row.version == served.version);
            match served.kind {
                PurgeKind::Final if is_unchanged && removes => *row = None,
                PurgeKind::Final if is_unchanged => *row = row.map(|row| Row { done: Done::Final, ..row }),
                PurgeKind::Early if is_unchanged => {
                    *row = row.map(|row| Row {
                        done: if is_undone { Done::Early } else { row.done.max(Done::Early) },
                        ..row
                    });
                }
                _ => {}
            }
        }
        worker.step = worker.current.request.next_pack(pack + 1).map_or(Step::Forget, Step::Ledger);
        worker
    }

    fn delete_afterwards(&self, state: &mut State, worker: Worker, pack: usize) -> Worker {
        if self.has(Mutation::RowRemovedBeforeItsDeletion) {
            for (pack, served) in worker.current.request.served().filter(|(_, served)| served.kind == PurgeKind::Final)
            {
                state.packs[pack].copies.delete_variants_before(served.promises);
            }
            return self.proceed(state, worker);
        }
        let row = state.packs[pack].row;
        let Some(row) = row.filter(|row| row.version == worker.known[pack]) else { return self.proceed(state, worker) };
        state.packs[pack].copies.delete_variants_before(row.promises);
        Worker { step: Step::RemoveRow(pack), ..worker }
    }
}

fn first_ledger_step(request: Request) -> Step {
    request.next_pack(0).map_or(Step::Forget, Step::Ledger)
}

/// The worker's own batch as a request.
fn own(worker: &Worker) -> OutboxRequest {
    let request = if worker.batch.is_empty() { worker.current.request } else { worker.batch };
    OutboxRequest { request, is_accepted: false }
}
