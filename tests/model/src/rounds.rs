//! The rounds of a purge run: the lease, the readings, the wait, the end.

use crate::config::{Config, PACKS_MAX};
use crate::mutation::Mutation;
use crate::queue::{InvokedAt, Lease};
use crate::state::State;
use crate::worker::{Step, Token, Worker};

impl Config {
    /// Takes the lease, if no other purge run has it, and begins the first round. Where the lease has expired, the
    /// wake-ups that its purge run took may not be served: all rows are read.
    pub(crate) fn take_lease(&self, state: &mut State, mut worker: Worker) -> Option<Worker> {
        if state.queue.lease == Lease::Held {
            let is_late = self.has(Mutation::ArrivalAfterTheLease);
            return is_late.then_some(Worker { step: Step::ArriveLate, ..worker });
        }
        if self.has(Mutation::ArrivalAfterTheLease) {
            state.queue.invoked_at = InvokedAt::Absent;
        }
        for other in state.workers.iter_mut().filter(|other| other.token == Token::Newest) {
            other.token = Token::Superseded;
        }
        worker.reads_rows |= state.queue.lease == Lease::Expired && !self.has(Mutation::ExpiredLeaseTakenLikeAFreeOne);
        state.queue.lease = Lease::Held;
        worker.token = Token::Newest;
        Some(self.read_requests(state, worker))
    }

    /// A round begins: the purge run takes the wake-ups, and reads the requests before the rows.
    pub(crate) fn read_requests(&self, state: &mut State, mut worker: Worker) -> Worker {
        if !self.has(Mutation::WakeUpsTakenAfterTheRows) {
            take_wake_ups(state, &mut worker);
        }
        // The woken tenant is still there in the mutation that takes it later.
        worker.reads_rows |= state.queue.is_tenant_woken || !state.queue.outbox.is_empty();
        if self.has(Mutation::EntriesReadBeforeRequests) {
            self.read_rows(state, &mut worker);
        } else {
            worker.tracking.clone_from(&state.queue.outbox);
        }
        Worker { step: Step::ReadEntries, ..worker }
    }

    /// Reads the rows of the tenant if it was woken or has requests in flight, and plans.
    pub(crate) fn read_entries(&self, state: &mut State, mut worker: Worker) -> Worker {
        if self.has(Mutation::EntriesReadBeforeRequests) {
            worker.tracking.clone_from(&state.queue.outbox);
        } else {
            self.read_rows(state, &mut worker);
        }
        worker.reads_rows = false;
        worker.batch = worker.batch.without_in_flight(&worker.tracking);
        if self.has(Mutation::WakeUpsTakenAfterTheRows) {
            return Worker { step: Step::TakeWakeUpsLate, ..worker };
        }
        self.proceed(state, worker)
    }

    fn read_rows(&self, state: &State, worker: &mut Worker) {
        if worker.reads_rows {
            worker.known = [0; PACKS_MAX];
            worker.known[..state.packs.len()].copy_from_slice(&state.versions());
        }
        worker.batch = state.due(&worker.known, self);
    }

    /// The step after a wait: a further round, or the end.
    pub(crate) fn after_waiting(&self, state: &State, worker: &Worker) -> Step {
        if worker.token == Token::Newest && (worker.is_behind || state.has_work(&worker.known, self)) {
            Step::ReadRequests
        } else {
            self.last_step()
        }
    }

    /// The first step of the end of a purge run.
    pub(crate) fn last_step(&self) -> Step {
        if self.has(Mutation::CounterComparedBeforeTheRelease) { Step::Compare } else { Step::Release }
    }

    /// Gives the lease back. The counter is read after that: a wake-up that is counted later finds the lease free.
    pub(crate) fn release(&self, state: &mut State, worker: &Worker) -> Option<Worker> {
        if worker.token == Token::Newest {
            state.queue.lease = Lease::Free;
        }
        let is_compared = self.has(Mutation::CounterComparedBeforeTheRelease) || self.has(Mutation::CounterNotCompared);
        let compares = Worker { step: Step::Compare, is_behind: worker.is_behind, ..Worker::invocation(false) };
        (!is_compared).then_some(compares)
    }

    /// Reads the wake-up counter: the purge run ends, or tries to take the lease again.
    pub(crate) fn compare(&self, worker: Worker) -> Option<Worker> {
        match (self.has(Mutation::CounterComparedBeforeTheRelease), worker.is_behind) {
            (true, true) if worker.token == Token::Newest => Some(Worker { step: Step::ReadRequests, ..worker }),
            (true, _) => Some(Worker { step: Step::Release, ..worker }),
            (false, true) => Some(Worker::invocation(false)),
            (false, false) => None,
        }
    }
}

/// The purge run takes the tenants that were woken, and with them the number of wake-ups.
pub(crate) fn take_wake_ups(state: &mut State, worker: &mut Worker) {
    worker.reads_rows |= state.queue.is_tenant_woken;
    state.queue.is_tenant_woken = false;
    worker.is_behind = false;
}
