//! The possible actions, and the effect of each.

use stateright::{Model, Property};

use crate::action::Action;
use crate::config::Config;
use crate::mutation::Mutation;
use crate::properties;
use crate::state::State;
use crate::steps::Protocol;
use crate::worker::{Step, Token, Worker};

impl Config {
    fn protocol(&self) -> Protocol {
        Protocol { pause: self.timing.pause(self.mutation), mutation: self.mutation }
    }

    /// The actions of editors, the stream and admins.
    fn offer_changes(&self, state: &State, actions: &mut Vec<Action>) {
        for (pack, of_pack) in state.packs.iter().enumerate() {
            // Two packs that are written equally often are alike: the first write is to the first one.
            let is_mirrored = pack > 0 && state.packs[0].data == 0 && self.writes[0] == self.writes[pack];
            if of_pack.data < self.writes[pack] && !is_mirrored {
                actions.push(Action::Write { pack });
            }
            if of_pack.delivered < of_pack.data {
                actions.push(Action::Deliver { pack });
            }
            if of_pack.delivered > 0 && state.left.redeliveries > 0 {
                actions.push(Action::DeliverAgain { pack });
            }
            if of_pack.data > 0 && state.left.deletes > 0 {
                actions.push(Action::Delete { pack });
            }
        }
    }

    /// The actions of workers, and their faults.
    fn offer_steps(&self, state: &State, actions: &mut Vec<Action>) {
        let purge_runs = state.workers.iter().filter(|worker| worker.token != Token::None).count();
        if state.queue.lease_left == 0 && purge_runs < self.purge_runs && state.has_work(self.mutation) {
            actions.push(Action::Start);
        }
        for (index, worker) in state.workers.iter().enumerate() {
            match worker.step {
                Step::Pause(_) => {}
                Step::Look if !self.protocol().is_done(state, worker) => actions.push(Action::Leave { worker: index }),
                step => actions.push(Action::Go { worker: index, step }),
            }
            if state.left.crashes > 0 {
                actions.push(Action::Crash { worker: index });
            }
        }
    }

    /// The spontaneous actions of copies and invalidations, and the clock.
    fn offer_the_rest(&self, state: &State, actions: &mut Vec<Action>) {
        for (invalidation, of_index) in state.cloudfront.invalidations.iter().enumerate() {
            if !of_index.is_completed {
                actions.push(Action::CompleteInvalidation { invalidation });
            }
        }
        if state.is_waiting_for_time() {
            match state.holds_back_the_clock(self.timing.pause(self.mutation)) {
                None => actions.push(Action::Tick),
                Some(worker) if state.left.stalls > 0 => actions.push(Action::Stall { worker }),
                Some(_) => {}
            }
        }
    }

    fn enqueue(&self, state: &mut State, pack: usize, by_delete: bool) {
        let marks_early_purge = by_delete && self.mutation != Some(Mutation::DeleteDoesNotMarkTheEarlyPurge);
        state.enqueue(pack, marks_early_purge, self.timing.settle(self.mutation));
    }

    fn deliver(&self, state: &mut State, pack: usize) {
        self.enqueue(state, pack, false);
        let of_pack = &mut state.packs[pack];
        of_pack.delivered += 1;
        if self.mutation == Some(Mutation::LastEventAtGoesBack) && of_pack.delivered == 1 {
            of_pack.late_upsert_settles_in = self.timing.settle(self.mutation);
        }
    }

    fn deliver_again(&self, state: &mut State, pack: usize) {
        state.left.redeliveries -= 1;
        self.enqueue(state, pack, false);
        let of_pack = &mut state.packs[pack];
        if let (Some(Mutation::LastEventAtGoesBack), Some(row)) = (self.mutation, &mut of_pack.row) {
            row.settles_in = of_pack.late_upsert_settles_in;
            // Only what the stream had delivered: when it began, a later write may not have happened yet.
            row.promises = of_pack.delivered;
        }
    }

    fn start(&self, state: &mut State) {
        let worker = Worker::purge_run(state, self.mutation);
        for other in &mut state.workers {
            if other.token == Token::Newest {
                other.token = Token::Superseded;
            }
        }
        state.queue.lease_left = self.timing.lease;
        state.workers.push(worker);
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
        self.offer_steps(state, actions);
        self.offer_the_rest(state, actions);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Write { pack } => {
                let of_pack = &mut state.packs[pack];
                of_pack.copies.age(of_pack.data, &self.timing);
                of_pack.data += 1;
            }
            Action::Deliver { pack } => self.deliver(&mut state, pack),
            Action::DeliverAgain { pack } => self.deliver_again(&mut state, pack),
            Action::Delete { pack } => {
                state.left.deletes -= 1;
                self.enqueue(&mut state, pack, true);
                let worker = Worker::delete(&state, pack);
                state.workers.push(worker);
            }
            Action::Start => self.start(&mut state),
            Action::Go { worker, .. } => {
                let worker = state.workers.remove(worker);
                let worker = self.protocol().go(&mut state, worker);
                state.workers.extend(worker);
            }
            Action::Leave { worker } => {
                let worker = state.workers.remove(worker);
                state.workers.push(self.protocol().proceed(worker));
            }
            Action::Crash { worker } => {
                state.left.crashes -= 1;
                state.workers.remove(worker);
            }
            Action::Stall { worker } => {
                state.left.stalls -= 1;
                state.workers[worker].is_stalled = true;
            }
            Action::CompleteInvalidation { invalidation } => {
                let invalidation = &mut state.cloudfront.invalidations[invalidation];
                invalidation.is_completed = true;
                for (pack, _) in invalidation.request.served() {
                    state.packs[pack].copies.cached = None;
                }
                state.cloudfront.invalidations.sort_unstable();
            }
            Action::ImageProcessingStores { pack, data } => {
                state.packs[pack].copies.store_variant(data, &self.timing);
            }
            Action::EdgeStores { pack, data } => state.packs[pack].copies.cached = Some(data),
            Action::Tick => {
                state.tick(self);
                state.workers = state.workers.into_iter().map(|worker| self.protocol().tick(worker)).collect();
            }
        }
        state.workers.sort_unstable();
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

/// The next old copy that can be stored, the oldest first. If there is one, it is stored before any other action, so
/// every state is the worst case. Copies do not influence the protocol, and an older copy violates at least the properties
/// that a newer one violates, so no counter-example is lost.
fn next_copy(state: &State) -> Option<Action> {
    let mut old = state.packs.iter().enumerate().flat_map(|(pack, of_pack)| {
        (0..of_pack.data).flat_map(move |data| {
            let variant = of_pack.copies.may_be_processed(data).then_some(Action::ImageProcessingStores { pack, data });
            let cached = of_pack.copies.may_be_cached(data).then_some(Action::EdgeStores { pack, data });
            variant.into_iter().chain(cached)
        })
    });
    old.next()
}
