//! The pacer: admits requests to CloudFront one by one, within its quotas and the throttle of its API.
//!
//! AWS replaced the quotas of items in progress by quotas of items a second in 2026, as third-party texts say; its own
//! page was not read. So the pacer keeps both by default. Every budget is smaller than the quota: the rest is head-room
//! for manual purges, which another function sends.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::Distribution;
use crate::purge::purge_request::PurgeRequest;
use crate::timestamp::Timestamp;

mod bucket;

use bucket::Bucket;

/// The share of a quota that purge runs use, in tenths. Manual purges use the rest.
const TENTHS: u32 = 8;

/// The number of wildcards in progress that stay free for manual purges.
const WILDCARDS_FREE: usize = 2;

/// The most times that throttling halves the rates and the bursts: to an eighth.
const HALVINGS_MAX: u32 = 3;

/// The pause after the first throttled request; each next one is twice as long, up to eight times.
const PAUSE_MIN: Duration = Duration::from_secs(2);

/// The accepted requests after which a rate that was halved once doubles again. At a lower rate fewer are enough, so that
/// each step takes about as long.
const ACCEPTED_UNTIL_FASTER: u32 = 10;

/// The time for which a distribution with too many items in progress gets no request, unless one of its requests
/// completes earlier.
const TOO_MANY_PAUSE: Duration = Duration::from_secs(5);

/// The quotas of items in one second, of all distributions of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerSecond {
    /// Paths and cache tags, without wildcards.
    pub items: u32,
    /// Wildcards.
    pub wildcards: u32,
}

/// The quotas of items in progress, of each distribution. AWS does not document whether each distribution tenant has its
/// own; here those of one multi-tenant distribution share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InProgress {
    /// Paths and cache tags, without wildcards.
    pub items: usize,
    /// Wildcards.
    pub wildcards: usize,
}

/// The throttle of `CreateInvalidation` calls of the account: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallRate {
    /// The time in which one call becomes available.
    pub interval: Duration,
    /// The number of calls that are available at once after a pause.
    pub burst: u32,
}

/// CloudFront's quotas that the pacer keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// The newer scheme. `None`: not kept.
    pub per_second: Option<PerSecond>,
    /// The older scheme. `None`: not kept.
    pub in_progress: Option<InProgress>,
    /// The throttle of calls.
    pub calls: CallRate,
    /// The largest number of items of one request, and of the entries that it serves.
    pub items_per_request: usize,
}

/// The number of items of a request, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// Paths and cache tags, without wildcards.
    pub exact: usize,
    /// Wildcards.
    pub wildcards: usize,
}

/// The budget that a request has to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// Calls.
    Calls,
    /// Items a second.
    ItemsPerSecond,
    /// Wildcards a second.
    WildcardsPerSecond,
    /// Items in progress in the distribution.
    ItemsInProgress,
    /// Wildcards in progress in the distribution: the next group waits until one before it has completed.
    WildcardsInProgress,
    /// CloudFront has throttled a request, and the pacer pauses.
    Throttled,
}

/// The reason why a request is not admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// The budget that is used up.
    pub budget: Budget,
    /// The time at which it is refilled. `None`: when CloudFront has completed a request of the distribution.
    pub until: Option<Timestamp>,
}

/// The pacer of one purge run.
#[derive(Debug, Clone)]
pub struct Pacer {
    quotas: Quotas,
    calls: Bucket,
    items: Option<Bucket>,
    wildcards: Option<Bucket>,
    in_progress: BTreeMap<String, ItemCounts>,
    turns: BTreeMap<String, u64>,
    turn: u64,
    too_many_until: BTreeMap<String, Timestamp>,
    items_per_request: usize,
    halvings: u32,
    accepted: u32,
    paused_until: Timestamp,
}

impl Budget {
    /// Whether other distributions have a budget of their own.
    pub(crate) fn is_of_one_distribution(self) -> bool {
        matches!(self, Self::ItemsInProgress | Self::WildcardsInProgress)
    }
}

impl ItemCounts {
    /// The items of `request`. One that joins an invalidation has none of its own.
    #[must_use]
    pub fn of(request: &PurgeRequest) -> Self {
        if request.joined_reference.is_some() {
            return Self::default();
        }
        let wildcards = request.wildcards();
        Self { exact: request.items.len() - wildcards, wildcards }
    }

    /// The items of all `requests`.
    #[must_use]
    pub fn of_all<'a>(requests: impl IntoIterator<Item = &'a PurgeRequest>) -> Self {
        requests.into_iter().map(Self::of).fold(Self::default(), Self::plus)
    }

    /// The sum of both, by kind.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self { exact: self.exact + other.exact, wildcards: self.wildcards + other.wildcards }
    }
}

impl Pacer {
    /// The pacer of a purge run that begins `now`. The part of the budgets that the requests
    /// `in_flight` have used since they were written to the outbox is not available again.
    #[must_use]
    pub fn resume(quotas: Quotas, now: Timestamp, in_flight: &[PurgeRequest]) -> Self {
        let share = |quota: u32| (quota * TENTHS / 10).max(1);
        let per_second = |quota: u32| {
            let items = share(quota);
            // A budget below one item a second is reached by a longer interval.
            let interval = if quota * TENTHS < 10 { SECOND * 10 / TENTHS } else { SECOND / items };
            Bucket::full(interval, items)
        };
        let calls = Bucket::full(quotas.calls.interval * 10 / TENTHS, share(quotas.calls.burst));
        let mut pacer = Self {
            calls,
            items: quotas.per_second.map(|quota| per_second(quota.items)),
            wildcards: quotas.per_second.map(|quota| per_second(quota.wildcards)),
            in_progress: BTreeMap::new(),
            turns: BTreeMap::new(),
            turn: 0,
            too_many_until: BTreeMap::new(),
            items_per_request: quotas.items_per_request,
            halvings: 0,
            accepted: 0,
            paused_until: Timestamp::from_millis(0),
            quotas,
        };
        let mut sent: Vec<_> = in_flight.iter().filter(|request| request.joined_reference.is_none()).collect();
        sent.sort_by_key(|request| request.accepted_at.unwrap_or(request.created_at));
        for request in sent {
            let sent_at = request.accepted_at.unwrap_or(request.created_at).min(now);
            pacer.take(sent_at, &request.distribution, ItemCounts::of(request));
        }
        pacer.track(in_flight);
        pacer
    }

    /// Replaces the items in progress by those of the requests `in_flight`.
    pub fn track(&mut self, in_flight: &[PurgeRequest]) {
        self.in_progress.clear();
        for request in in_flight {
            let counts = self.in_progress.entry(request.distribution.distribution_id.clone()).or_default();
            *counts = counts.plus(ItemCounts::of(request));
        }
    }

    /// The largest number of items that one request may have: cache tags, or wildcards.
    #[must_use]
    pub fn request_max(&self, cache_tags: bool) -> usize {
        let Quotas { per_second, in_progress, .. } = self.quotas;
        let a_second = per_second.map_or(usize::MAX, |quota| {
            let quota = if cache_tags { quota.items } else { quota.wildcards };
            (quota * TENTHS / 10).max(1) as usize
        });
        let at_once = in_progress.map_or(usize::MAX, |quota| budget_in_progress(quota, cache_tags));
        self.items_per_request.min(a_second).min(at_once).max(1)
    }

    /// The time that `items` items take at the budgets, if nothing else uses them.
    #[must_use]
    pub fn estimate(&self, items: usize, cache_tags: bool) -> Duration {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let requests = count(items.div_ceil(self.request_max(cache_tags)));
        let bucket = if cache_tags { &self.items } else { &self.wildcards };
        let by_items = bucket.as_ref().map_or(Duration::ZERO, |bucket| bucket.interval().saturating_mul(count(items)));
        let groups = match self.quotas.in_progress {
            Some(quota) => count(items / budget_in_progress(quota, cache_tags)),
            None => 0,
        };
        let calls = self.calls.interval().saturating_mul(requests.saturating_sub(self.calls.burst()));
        calls.max(by_items).max(GROUP_MAX.saturating_mul(groups))
    }

    /// Admits a request with `counts` items to a distribution `now`, or says what it has to wait for. A request that is
    /// sent `again` is in progress already.
    pub fn admit(
        &mut self,
        now: Timestamp,
        distribution: &Distribution,
        counts: ItemCounts,
        again: bool,
    ) -> Result<(), Wait> {
        if now < self.paused_until {
            return Err(Wait { budget: Budget::Throttled, until: Some(self.paused_until) });
        }
        let distribution_id = &distribution.distribution_id;
        if let Some(until) = self.too_many_until.get(distribution_id).copied().filter(|until| now < *until) {
            return Err(Wait { budget: Budget::ItemsInProgress, until: Some(until) });
        }
        if !again {
            self.check_in_progress(distribution_id, counts)?;
        }
        let buckets = [
            (Budget::Calls, Some(&self.calls), 1),
            (Budget::ItemsPerSecond, self.items.as_ref(), counts.exact),
            (Budget::WildcardsPerSecond, self.wildcards.as_ref(), counts.wildcards),
        ];
        for (budget, bucket, tokens) in buckets {
            let available_at = bucket.map_or(now, |bucket| bucket.available_at(tokens, self.halvings));
            if available_at > now {
                return Err(Wait { budget, until: Some(available_at) });
            }
        }
        self.take(now, distribution, counts);
        if !again {
            let in_progress = self.in_progress.entry(distribution_id.clone()).or_default();
            *in_progress = in_progress.plus(counts);
        }
        Ok(())
    }

    fn check_in_progress(&self, distribution_id: &str, counts: ItemCounts) -> Result<(), Wait> {
        let Some(quota) = self.quotas.in_progress else { return Ok(()) };
        let used = self.in_progress.get(distribution_id).copied().unwrap_or_default();
        let is_beyond =
            |used: usize, added: usize, cache_tags| added > 0 && used + added > budget_in_progress(quota, cache_tags);
        if is_beyond(used.wildcards, counts.wildcards, false) {
            return Err(Wait { budget: Budget::WildcardsInProgress, until: None });
        }
        if is_beyond(used.exact, counts.exact, true) {
            return Err(Wait { budget: Budget::ItemsInProgress, until: None });
        }
        Ok(())
    }

    /// The turn in which a distribution, or a distribution tenant, got its last request: the smaller, the longer ago.
    /// `None`: it got none.
    #[must_use]
    pub fn last_turn(&self, distribution: &Distribution) -> Option<u64> {
        self.turns.get(distribution.invalidated_id()).copied()
    }

    /// Whether the last request of all was to this distribution, or distribution tenant.
    #[must_use]
    pub fn had_last_turn(&self, distribution: &Distribution) -> bool {
        self.last_turn(distribution) == Some(self.turn)
    }

    fn take(&mut self, now: Timestamp, distribution: &Distribution, ItemCounts { exact, wildcards }: ItemCounts) {
        self.turn += 1;
        self.turns.insert(distribution.invalidated_id().to_owned(), self.turn);
        self.calls.take(1, now, self.halvings);
        if let Some(items) = &mut self.items {
            items.take(exact, now, self.halvings);
        }
        if let Some(bucket) = &mut self.wildcards {
            bucket.take(wildcards, now, self.halvings);
        }
    }

    /// Notes that CloudFront has accepted a request. Some in a row double a rate that was halved.
    pub fn note_accepted(&mut self) {
        self.accepted += 1;
        if self.accepted >= ACCEPTED_UNTIL_FASTER >> self.halvings.saturating_sub(1) {
            self.halvings = self.halvings.saturating_sub(1);
            self.accepted = 0;
        }
    }

    /// Whether a request with `items` items that CloudFront throttles `now` is better sent in two parts: at the lowest rate
    /// its items can be too many for a quota that is not known here, and then no pause helps.
    #[must_use]
    pub fn needs_parts(&self, now: Timestamp, items: usize) -> bool {
        now >= self.paused_until && self.halvings == HALVINGS_MAX && items > 1
    }

    /// Notes that CloudFront has throttled a request `now`: halves the rates and the bursts, and pauses. A request that was
    /// sent before the pause says nothing new.
    pub fn note_throttled(&mut self, now: Timestamp) {
        if now < self.paused_until {
            return;
        }
        self.paused_until = now.plus(PAUSE_MIN * (1 << self.halvings));
        self.halvings = (self.halvings + 1).min(HALVINGS_MAX);
        self.accepted = 0;
    }

    /// Notes that a distribution has too many items in progress, by CloudFront's count.
    pub fn note_too_many(&mut self, now: Timestamp, distribution_id: &str) {
        self.too_many_until.insert(distribution_id.to_owned(), now.plus(TOO_MANY_PAUSE));
    }

    /// Notes that a request with `items` items was too large: later ones have at most half of them.
    pub fn note_too_large(&mut self, items: usize) {
        self.items_per_request = self.items_per_request.min(items / 2).max(1);
    }
}

const SECOND: Duration = Duration::from_secs(1);

/// The time in which CloudFront completes 95 of 100 invalidations (AWS, "What's new", April 2026): a group of items in
/// progress ends then.
const GROUP_MAX: Duration = Duration::from_secs(25);

fn budget_in_progress(quota: InProgress, cache_tags: bool) -> usize {
    let budget =
        if cache_tags { quota.items * TENTHS as usize / 10 } else { quota.wildcards.saturating_sub(WILDCARDS_FREE) };
    budget.max(1)
}

#[cfg(test)]
mod tests;
