//! The faults of one proxy.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use crate::call::{Call, Kind};
use crate::ongoing::{Item, Ongoing};
use crate::plan::{Fault, LoadPlan};

/// The number of calls that met a fault, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadCounts {
    /// Calls while a plan was active or transactions were watched, with or without a fault.
    pub calls: u64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// Transactions and writes that conflicted, injected or not.
    pub conflicts: u64,
    /// Batch calls with an unprocessed part.
    pub unprocessed: u64,
    /// Calls that were denied.
    pub denied: u64,
}

/// The faults of one proxy; none before [`inject`](Self::inject). All clones share one state.
#[derive(Clone, Debug, Default)]
pub struct LoadFaults(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    plan: LoadPlan,
    random: SmallRng,
    faults_of_plan: u64,
    watches_transactions: bool,
    ongoing: Ongoing,
    counts: LoadCounts,
}

impl Default for State {
    fn default() -> Self {
        Self {
            plan: LoadPlan::default(),
            random: SmallRng::seed_from_u64(0),
            faults_of_plan: 0,
            watches_transactions: false,
            ongoing: Ongoing::default(),
            counts: LoadCounts::default(),
        }
    }
}

/// The fate of a call.
#[derive(Debug)]
pub(crate) enum Fate {
    /// It is passed on, and is carried out until `Carried` is dropped.
    PassedOn(Carried),
    /// It is passed on, and a part of its response is withheld.
    Unprocessed(Carried),
    Throttled,
    /// It conflicts in the items with these indices.
    Conflict(BTreeSet<usize>),
    Denied,
}

/// A call that is being carried out.
#[derive(Debug)]
pub(crate) struct Carried {
    faults: LoadFaults,
    items: Vec<Item>,
    is_transaction: bool,
    /// The time that the call stays ongoing after it was carried out.
    pub(crate) lasts: Duration,
}

impl LoadFaults {
    /// Starts a plan with the next call.
    pub fn inject(&self, plan: LoadPlan) {
        let mut state = self.lock();
        state.random = SmallRng::seed_from_u64(plan.seed);
        state.plan = plan;
        state.faults_of_plan = 0;
    }

    /// Ends the plan: no further faults.
    pub fn stop(&self) {
        self.inject(LoadPlan::default());
    }

    /// Lets transactions conflict with others and with plain writes whenever they overlap, or no longer.
    pub fn watch_transactions(&self, watches: bool) {
        self.lock().watches_transactions = watches;
    }

    /// The faults since the proxy started.
    #[must_use]
    pub fn counts(&self) -> LoadCounts {
        self.lock().counts
    }

    /// Whether calls may meet faults. If not, the proxy need not read them.
    pub(crate) fn is_active(&self) -> bool {
        let state = self.lock();
        state.watches_transactions || state.plan != LoadPlan::default()
    }

    /// The fate of the next call.
    pub(crate) fn fate(&self, call: &Call) -> Fate {
        let mut state = self.lock();
        state.counts.calls += 1;
        let is_transaction = call.kind() == Kind::Transaction;
        let fault = state.draw(call);
        match fault {
            Some(Fault::Throttled) => {
                state.counts.throttled += 1;
                return Fate::Throttled;
            }
            Some(Fault::Denied) => {
                state.counts.denied += 1;
                return Fate::Denied;
            }
            Some(Fault::Conflict) => {
                state.counts.conflicts += 1;
                // The last part of a transaction is the one that others name too: the condition on a lease.
                return Fate::Conflict(BTreeSet::from([call.items().len().saturating_sub(1)]));
            }
            Some(Fault::Unprocessed) => state.counts.unprocessed += 1,
            None => {}
        }
        let items = if state.watches_transactions { state.ongoing.begin(call) } else { Ok(Vec::new()) };
        let items = match items {
            Ok(items) => items,
            Err(indices) => {
                state.counts.conflicts += 1;
                return Fate::Conflict(indices);
            }
        };
        let lasts = if is_transaction { state.plan.transaction_lasts } else { Duration::ZERO };
        let carried = Carried { faults: self.clone(), items, is_transaction, lasts };
        if fault == Some(Fault::Unprocessed) { Fate::Unprocessed(carried) } else { Fate::PassedOn(carried) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No holder of the lock panics in the middle of a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Draws the fault of the next call of the plan.
    fn draw(&mut self, call: &Call) -> Option<Fault> {
        let drawn = self.random.random_range(0..1_000);
        if self.plan.faults_max.is_some_and(|max| self.faults_of_plan >= max) {
            return None;
        }
        let fault = self.plan.fault(call, drawn);
        self.faults_of_plan += u64::from(fault.is_some());
        fault
    }
}

impl Drop for Carried {
    /// Also when the caller has hung up.
    fn drop(&mut self) {
        self.faults.lock().ongoing.end(&self.items, self.is_transaction);
    }
}
