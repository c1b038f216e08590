use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use jiff::Timestamp;

use crate::account::{Account, Operation};
use crate::api_error::Code;
use crate::clock::after;
use crate::propagation::{EDGE_LOCATIONS, Propagation};
use crate::quotas::{CallRate, ItemCounts, Quotas};

/// `CreateInvalidation` without HTTP and without caches, for benchmarks of hundreds of thousands of invalidations. The
/// quotas, the throttle and the delays are those of the emulator.
#[derive(Debug)]
pub struct ControlPlane {
    account: Account,
    in_progress: HashMap<String, InProgress>,
}

/// An accepted invalidation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The time of its effect in the regional cache. An edge location with an earlier effect carries it out once more
    /// then.
    pub regional: Timestamp,
    /// The times of its effects in the edge locations.
    pub edges: [Timestamp; EDGE_LOCATIONS],
    /// The time at which it becomes `Completed`.
    pub completed: Timestamp,
}

/// The reason why a call is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// `Throttling`: too many calls.
    Throttled,
    /// `TooManyInvalidationsInProgress`.
    TooManyInProgress,
    /// `BatchTooLarge`.
    TooLarge,
}

/// The invalidations of one distribution that are not `Completed`.
#[derive(Debug, Default)]
struct InProgress {
    items: usize,
    wildcards: usize,
    ends: BinaryHeap<Reverse<(Timestamp, usize, usize)>>,
}

impl ControlPlane {
    /// The control plane of an account without invalidations.
    #[must_use]
    pub fn new(quotas: Quotas, call_rate: CallRate, propagation: Propagation) -> Self {
        Self { account: Account::new(quotas, call_rate, propagation), in_progress: HashMap::new() }
    }

    /// Creates an invalidation of `items` paths and tags and of `wildcards`.
    ///
    /// # Errors
    /// The call is rejected as the emulator's HTTP server would.
    pub fn create(
        &mut self,
        now: Timestamp,
        distribution_id: &str,
        items: usize,
        wildcards: usize,
    ) -> Result<Accepted, Rejection> {
        self.account.admit_call(now, Operation::CreateInvalidation).map_err(|_| Rejection::Throttled)?;
        if !self.in_progress.contains_key(distribution_id) {
            self.in_progress.insert(distribution_id.to_owned(), InProgress::default());
        }
        let Some(in_progress) = self.in_progress.get_mut(distribution_id) else { return Err(Rejection::Throttled) };
        let counts = in_progress.at(now);
        let delays =
            self.account.accept(now, ItemCounts { items, wildcards }, counts).map_err(|error| match error.code {
                Code::BatchTooLarge => Rejection::TooLarge,
                _ => Rejection::TooManyInProgress,
            })?;
        let completed = after(now, delays.completed);
        in_progress.items += items;
        in_progress.wildcards += wildcards;
        in_progress.ends.push(Reverse((completed, items, wildcards)));
        let (regional, edges) = (after(now, delays.regional), delays.edges.map(|delay| after(now, delay)));
        Ok(Accepted { regional, edges, completed })
    }
}

impl InProgress {
    /// The items in progress at `now`.
    fn at(&mut self, now: Timestamp) -> ItemCounts {
        while let Some(Reverse((_, items, wildcards))) =
            self.ends.peek().copied().filter(|Reverse((end, ..))| *end <= now)
        {
            self.ends.pop();
            self.items -= items;
            self.wildcards -= wildcards;
        }
        ItemCounts { items: self.items, wildcards: self.wildcards }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    #[test]
    fn items_count_until_they_are_completed_and_each_distribution_has_its_own() {
        let delay = Duration::from_secs(10);
        let mut plane = ControlPlane::new(Quotas::IN_PROGRESS, CallRate::GENEROUS, Propagation::Fixed(delay));
        for (secs, distribution, items, wildcards, expected) in [
            (0, "A", 3_001, 0, Err(Rejection::TooLarge)),
            (0, "A", 0, 15, Ok(())),
            (1, "A", 0, 1, Err(Rejection::TooManyInProgress)),
            (1, "B", 0, 15, Ok(())),
            (9, "A", 0, 1, Err(Rejection::TooManyInProgress)),
            (10, "A", 0, 15, Ok(())),
        ] {
            let created = plane.create(at(secs), distribution, items, wildcards).map(|_| ());
            assert_eq!(created, expected, "after {secs} s in {distribution}");
        }
    }

    #[test]
    fn calls_are_throttled_as_those_over_http() {
        let mut plane = ControlPlane::new(Quotas::IN_PROGRESS, CallRate::CLOUDFRONT, Propagation::of_cloudfront(1));
        for (call, expected) in (0..8).zip([true, true, true, true, true, true, false, false]) {
            assert_eq!(plane.create(at(0), "A", 1, 0).is_ok(), expected, "call {call}");
        }
        assert!(plane.create(at(2), "A", 1, 0).is_ok());
    }
}
