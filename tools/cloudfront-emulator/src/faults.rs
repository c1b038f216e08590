//! Faults that the API injects, to test how its callers handle them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::split_mix::draw;

/// The share of calls of `CreateInvalidation` and `GetInvalidation` that fail, by kind of fault. A call has at most one
/// fault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Calls of a thousand that are rejected with `Throttling` and have no effect.
    pub throttled_per_mille: u32,
    /// Calls of a thousand that fail with `InternalError` before they take effect.
    pub failed_per_mille: u32,
    /// Calls of a thousand that take effect and respond with `InternalError`.
    pub lost_per_mille: u32,
    /// The delay of each response, after the call took effect.
    pub delay: Duration,
    /// The seed that selects the calls: the same seed selects the same calls, counted from the start of the plan.
    pub seed: u64,
}

/// The number of injected faults by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Calls of `CreateInvalidation` and `GetInvalidation`, with or without a fault.
    pub calls: u64,
    /// Calls rejected with `Throttling`.
    pub throttled: u64,
    /// Calls that failed before they took effect.
    pub failed: u64,
    /// Calls that took effect and responded with `InternalError`.
    pub responses_lost: u64,
    /// Responses that were delayed.
    pub delayed: u64,
}

impl FaultCounts {
    /// The sum of all faults.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.throttled + self.failed + self.responses_lost + self.delayed
    }
}

/// The faults of one emulator; none before [`inject`](Self::inject). All clones share one state.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    plan: FaultPlan,
    /// Calls since the start of the plan.
    calls_of_plan: u64,
    counts: FaultCounts,
    rejected_prefixes: Vec<String>,
}

/// The fate of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Served,
    Throttled,
    Failed,
    ResponseLost,
}

impl Faults {
    /// Starts a plan with the next call.
    pub fn inject(&self, plan: FaultPlan) {
        let mut state = self.lock();
        state.plan = plan;
        state.calls_of_plan = 0;
    }

    /// Ends the plan: no further faults.
    pub fn stop(&self) {
        self.inject(FaultPlan::default());
    }

    /// Rejects well-formed items that begin with one of `prefixes`, and no others, until it is called again. CloudFront
    /// does not document all its checks.
    pub fn reject_items(&self, prefixes: &[&str]) {
        self.lock().rejected_prefixes = prefixes.iter().map(|&prefix| prefix.to_owned()).collect();
    }

    /// The first of `items` that is rejected.
    pub(crate) fn first_rejected<'a>(&self, items: &'a [String]) -> Option<&'a String> {
        let prefixes = &self.lock().rejected_prefixes;
        items.iter().find(|item| prefixes.iter().any(|prefix| item.starts_with(prefix)))
    }

    /// The faults since the emulator started.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.lock().counts
    }

    /// The fate of the next call and the delay of its response.
    pub(crate) fn next(&self) -> (Fate, Duration) {
        let mut state = self.lock();
        let fate = state.plan.fate(state.calls_of_plan);
        let delay = state.plan.delay;
        state.calls_of_plan += 1;
        let counts = &mut state.counts;
        counts.calls += 1;
        counts.delayed += u64::from(!delay.is_zero());
        match fate {
            Fate::Served => {}
            Fate::Throttled => counts.throttled += 1,
            Fate::Failed => counts.failed += 1,
            Fate::ResponseLost => counts.responses_lost += 1,
        }
        (fate, delay)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No holder of the lock panics in the middle of a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultPlan {
    /// The fate of the call with this number.
    fn fate(&self, call: u64) -> Fate {
        let mut drawn = draw(self.seed, call) % 1_000;
        let fates = [
            (self.throttled_per_mille, Fate::Throttled),
            (self.failed_per_mille, Fate::Failed),
            (self.lost_per_mille, Fate::ResponseLost),
        ];
        for (share, fate) in fates {
            if drawn < u64::from(share) {
                return fate;
            }
            drawn -= u64::from(share);
        }
        Fate::Served
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(plan: FaultPlan, calls: u64) -> Vec<Fate> {
        (0..calls).map(|call| plan.fate(call)).collect()
    }

    #[test]
    fn a_plan_hits_the_configured_share_of_calls() {
        let plan =
            FaultPlan { throttled_per_mille: 250, failed_per_mille: 100, lost_per_mille: 50, ..Default::default() };
        for seed in 0..5 {
            let fates = fates(FaultPlan { seed, ..plan }, 10_000);
            for (fate, expected) in [(Fate::Throttled, 2_500), (Fate::Failed, 1_000), (Fate::ResponseLost, 500)] {
                let seen = fates.iter().filter(|seen| **seen == fate).count();
                assert!(seen.abs_diff(expected) < expected / 5, "seed {seed}: {seen} {fate:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_hits_the_same_calls_and_another_seed_hits_others() {
        let plan = FaultPlan { failed_per_mille: 500, ..Default::default() };
        assert_eq!(fates(plan, 50), fates(plan, 50));
        assert_ne!(fates(plan, 50), fates(FaultPlan { seed: 1, ..plan }, 50));
    }

    #[test]
    fn without_a_plan_every_call_succeeds() {
        let faults = Faults::default();
        assert_eq!(faults.next(), (Fate::Served, Duration::ZERO));
        assert_eq!((faults.counts().calls, faults.counts().injected()), (1, 0));
    }
}
