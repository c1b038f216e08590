//! Faults that the API injects while it runs, so that what calls it can be seen to cope.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A thousand of a thousand.
const ALL_PER_MILLE: u64 = 1_000;

/// How many calls of `CreateInvalidation` and `GetInvalidation` go wrong, and how. Each call has one fate at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultPlan {
    /// Of a thousand calls, how many are rejected with `Throttling`; they have no effect.
    pub throttled_per_mille: u32,
    /// Of a thousand calls, how many fail with `InternalError` before they have an effect.
    pub failed_per_mille: u32,
    /// Of a thousand calls, how many take effect, and respond that they failed.
    pub lost_per_mille: u32,
    /// How long each response is held back, after the call took effect.
    pub delay: Duration,
    /// Which calls it hits: the same seed hits the same ones, counted from the beginning of the plan.
    pub seed: u64,
}

/// What was injected so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FaultCounts {
    /// Calls of `CreateInvalidation` and `GetInvalidation`, with or without a fault.
    pub calls: u64,
    /// Rejected with `Throttling`.
    pub throttled: u64,
    /// Failed before they had an effect.
    pub failed: u64,
    /// Took effect, and responded that they failed.
    pub responses_lost: u64,
    /// Responses that were held back.
    pub delayed: u64,
}

impl FaultCounts {
    /// Everything that went wrong.
    #[must_use]
    pub fn injected(&self) -> u64 {
        self.throttled + self.failed + self.responses_lost + self.delayed
    }
}

/// The faults of one emulator; none until [`inject`](Self::inject). A clone is a handle to the same.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    plan: FaultPlan,
    /// Calls since the plan began.
    calls_of_plan: u64,
    counts: FaultCounts,
}

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Served,
    Throttled,
    Failed,
    ResponseLost,
}

impl Faults {
    /// Lets calls go wrong as planned, from the next one on.
    pub fn inject(&self, plan: FaultPlan) {
        let mut state = self.lock();
        state.plan = plan;
        state.calls_of_plan = 0;
    }

    /// Lets every call go well again.
    pub fn stop(&self) {
        self.inject(FaultPlan::default());
    }

    /// What was injected since the emulator started.
    #[must_use]
    pub fn counts(&self) -> FaultCounts {
        self.lock().counts
    }

    /// What happens to the next call, and how long its response is held back.
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
        // Nothing panics while it holds the lock half way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FaultPlan {
    /// What happens to the call with this number.
    fn fate(&self, call: u64) -> Fate {
        let mut drawn = scattered(self.seed, call) % ALL_PER_MILLE;
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

/// `SplitMix64` (Steele, Lea, Flood 2014): well scattered, and the same on every machine.
fn scattered(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add((number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(plan: FaultPlan, calls: u64) -> Vec<Fate> {
        (0..calls).map(|call| plan.fate(call)).collect()
    }

    #[test]
    fn a_plan_hits_the_share_of_calls_that_it_says() {
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
    fn the_same_seed_hits_the_same_calls_and_another_one_others() {
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
