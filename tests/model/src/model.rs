//! The possible actions, and the effect of each.

use stateright::{Model, Property};

use crate::action::Action;
use crate::config::{Config, Starts};
use crate::mutation::Mutation;
use crate::properties;
use crate::queue::{InvokedAt, Lease, Writer};
use crate::state::State;
use crate::waker::{Call, Waker};
use crate::worker::{Token, Worker};

impl Config {
    /// The actions of editors, the stream and admins.
    fn offer_changes(&self, state: &State, actions: &mut Vec<Action>) {
        for (pack, of_pack) in state.packs.iter().enumerate() {
            // Two packs that are written equally often are alike: the first write is to the first one.
            let is_mirrored = pack > 0 && state.packs[0].writes == 0 && self.writes[0] == self.writes[pack];
            if of_pack.writes < self.writes[pack] && !is_mirrored {
                actions.push(Action::Write { pack });
            }
            if of_pack.delivered < of_pack.writes {
                actions.push(Action::Deliver { pack });
            }
            if of_pack.delivered > 0 && state.left.redeliveries > 0 {
                actions.push(Action::DeliverAgain { pack });
            }
            if state.left.deletes > 0 && !is_mirrored {
                actions.push(Action::Delete { pack });
            }
            if state.left.posts > 0 && !is_mirrored {
                actions.push(Action::Post { pack });
            }
        }
    }

    /// The start of purge runs, and its faults.
    fn offer_starts(&self, state: &State, actions: &mut Vec<Action>) {
        for waker in 0..state.wakers.len() {
            actions.push(Action::WakeUp { waker });
            if state.left.lost_wake_ups > 0 {
                actions.push(Action::FailWakeUp { waker });
            }
        }
        if state.queue.invocations > 0 && state.left.lost_wake_ups > 0 {
            actions.push(Action::LoseInvocation);
        }
        if state.queue.invoked_at == InvokedAt::Stale {
            actions.push(Action::ExpireInvokedAt);
        }
        if state.is_lease_abandoned() {
            actions.push(Action::ExpireLease);
        }
        if state.workers.iter().filter(|worker| worker.is_purge_run()).count() < self.purge_runs {
            if state.queue.invocations > 0 {
                actions.push(Action::Arrive);
            }
            if state.queue.lease != Lease::Held && state.needs_the_schedule(self) {
                actions.push(Action::Schedule);
            }
        }
    }

    /// The actions of workers, and their faults.
    fn offer_steps(&self, state: &State, actions: &mut Vec<Action>) {
        for (index, worker) in state.workers.iter().enumerate() {
            if worker.can_go(state, self) {
                actions.push(Action::Go { worker: index, step: worker.step });
            }
            if state.left.crashes > 0 {
                actions.push(Action::Crash { worker: index });
            }
            if state.left.stalls > 0 && worker.token == Token::Newest && state.queue.lease == Lease::Held {
                actions.push(Action::Stall { worker: index });
            }
        }
    }

    /// The spontaneous actions of invalidations, and the clock.
    fn offer_the_rest(&self, state: &State, actions: &mut Vec<Action>) {
        for (invalidation, of_index) in state.cloudfront.invalidations.iter().enumerate() {
            if !of_index.is_completed {
                actions.push(Action::CompleteInvalidation { invalidation });
            }
        }
        if state.is_waiting_for_time(self) {
            actions.push(Action::Pass);
        }
    }

    fn enqueue(&self, state: &mut State, pack: usize, writer: Writer) {
        state.enqueue(pack, writer, self);
        if self.starts == Starts::WakeUpsAndSchedule {
            state.wakers.push(Waker::new(pack, state.packs[pack].enqueues, self.mutation));
        }
    }

    fn deliver(&self, state: &mut State, pack: usize) {
        self.enqueue(state, pack, Writer::Stream);
        let of_pack = &mut state.packs[pack];
        of_pack.delivered += 1;
        if self.has(Mutation::LastEventAtGoesBack) && of_pack.delivered == 1 {
            of_pack.late_upsert_settles_in = self.settle_delay();
        }
    }

    fn deliver_again(&self, state: &mut State, pack: usize) {
        state.left.redeliveries -= 1;
        self.enqueue(state, pack, Writer::Stream);
        let of_pack = &mut state.packs[pack];
        if let (true, Some(row)) = (self.has(Mutation::LastEventAtGoesBack), &mut of_pack.row) {
            row.settles_in = of_pack.late_upsert_settles_in;
            // Only what the stream had delivered: when it began, a later write may not have happened yet.
            row.promises = of_pack.delivered;
        }
    }

    fn delete(&self, state: &mut State, pack: usize) {
        state.left.deletes -= 1;
        state.packs[pack].copies.make_old(self);
        self.enqueue(state, pack, Writer::Delete);
        state.workers.push(Worker::delete(state, pack, self));
    }

    fn post(&self, state: &mut State, pack: usize) {
        state.left.posts -= 1;
        if state.packs[pack].row.is_some_and(|row| self.joins(&row)) {
            state.join(pack);
        } else {
            state.packs[pack].copies.make_old(self);
            self.enqueue(state, pack, Writer::Post);
        }
    }

    /// An invocation begins: it removes `invokedAt`, and tries to take the lease after that.
    fn arrive(&self, state: &mut State, by_schedule: bool) {
        let is_kept = self.has(Mutation::ArrivalKeepsInvokedAt) || self.has(Mutation::ArrivalAfterTheLease);
        if !is_kept {
            state.queue.invoked_at = InvokedAt::Absent;
        }
        state.workers.push(Worker::invocation(by_schedule));
    }

    /// The effect of an action of what starts purge runs.
    fn start(&self, state: &mut State, action: Action) {
        match action {
            Action::Schedule => self.arrive(state, true),
            Action::Arrive => {
                state.queue.invocations -= 1;
                self.arrive(state, false);
            }
            Action::WakeUp { waker } => {
                let waker = state.wakers.remove(waker);
                let next = waker.call(state, self.mutation);
                state.wakers.extend(next);
            }
            Action::FailWakeUp { waker } => {
                state.left.lost_wake_ups -= 1;
                if state.wakers.remove(waker).call == Call::Invoke {
                    state.lose_invocation();
                }
            }
            Action::LoseInvocation => {
                state.left.lost_wake_ups -= 1;
                state.queue.invocations -= 1;
                state.lose_invocation();
            }
            Action::ExpireInvokedAt => state.queue.invoked_at = InvokedAt::Absent,
            _ => {}
        }
    }

    /// The effect of an action of a worker.
    fn work(&self, state: &mut State, action: Action) {
        match action {
            Action::Go { worker, .. } => {
                let worker = state.workers.remove(worker);
                let next = self.go(state, worker);
                state.workers.extend(next);
            }
            Action::Crash { worker } => {
                state.left.crashes -= 1;
                if state.workers.remove(worker).is_purge_run() {
                    state.excuse_wake_ups();
                }
            }
            Action::Stall { .. } => {
                state.left.stalls -= 1;
                state.queue.lease = Lease::Expired;
            }
            Action::ExpireLease => state.queue.lease = Lease::Expired,
            _ => {}
        }
    }
}

impl Model for Config {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::initial(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if let Some(action) = next_copy(state) {
            actions.push(action);
            return;
        }
        self.offer_changes(state, actions);
        self.offer_starts(state, actions);
        self.offer_steps(state, actions);
        self.offer_the_rest(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Write { pack } => {
                state.packs[pack].writes += 1;
                state.packs[pack].copies.write(self);
            }
            Action::Deliver { pack } => self.deliver(&mut state, pack),
            Action::DeliverAgain { pack } => self.deliver_again(&mut state, pack),
            Action::Delete { pack } => self.delete(&mut state, pack),
            Action::Post { pack } => self.post(&mut state, pack),
            Action::Schedule
            | Action::Arrive
            | Action::WakeUp { .. }
            | Action::FailWakeUp { .. }
            | Action::LoseInvocation
            | Action::ExpireInvokedAt => self.start(&mut state, action),
            Action::Go { .. } | Action::Crash { .. } | Action::Stall { .. } | Action::ExpireLease => {
                self.work(&mut state, action);
            }
            Action::CompleteInvalidation { invalidation } => {
                let invalidation = &mut state.cloudfront.invalidations[invalidation];
                invalidation.is_completed = true;
                for (pack, _) in invalidation.request.served() {
                    state.packs[pack].copies.cached = None;
                }
                state.cloudfront.invalidations.sort_unstable();
            }
            Action::StoreVariant { pack, data } => state.packs[pack].copies.store_variant(data, self),
            Action::EdgeStores { pack, data } => state.packs[pack].copies.cached = Some(data),
            Action::Pass => {
                state.pass(self);
                state.workers = state.workers.into_iter().map(|worker| self.pass_worker(worker)).collect();
            }
        }
        state.workers.sort_unstable();
        state.wakers.sort_unstable();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all(self)
    }
}

/// The next old copy that can be stored, the oldest first. If there is one, it is stored before any other action, so
/// every state is the worst case. Copies do not influence the protocol, and an older copy violates at least the
/// properties that a newer one violates, so no counter-example is lost.
fn next_copy(state: &State) -> Option<Action> {
    let mut old = state.packs.iter().enumerate().flat_map(|(pack, of_pack)| {
        (0..of_pack.copies.data).flat_map(move |data| {
            let variant = of_pack.copies.may_be_stored(data).then_some(Action::StoreVariant { pack, data });
            let cached = of_pack.copies.may_be_cached(data).then_some(Action::EdgeStores { pack, data });
            variant.into_iter().chain(cached)
        })
    });
    old.next()
}
