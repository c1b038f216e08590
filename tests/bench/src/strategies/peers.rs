//! The algorithms of others, from their description. Each distribution has its own state; a strategy that purges by path
//! names wildcards, as each URL of an image differs by location and suffix.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cloudfront_emulator::Rejection;

use super::cdn::{Cdn, tag, wildcard};
use super::workload::{Millis, Target, Workload, Write};

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;

/// The pauses of the AWS SDK after a throttled call: three attempts.
const SDK_PAUSES: [Millis; 2] = [SECOND, 2 * SECOND];

/// The time after the last write at which a run ends: what is pending then is lost.
const HORIZON: Millis = 24 * 60 * MINUTE;

/// An algorithm.
trait Algorithm {
    /// Takes a write.
    fn write(&mut self, write: &Write);

    /// The time of the next action. `None`: nothing is pending.
    fn next_at(&self) -> Option<Millis>;

    /// Acts at that time.
    fn act(&mut self, now: Millis, cdn: &mut Cdn);
}

/// The algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// One invalidation per write, sent when it is written.
    EachWrite,
    /// The specification's page as written.
    Specification,
    /// docs.rs, before it left CloudFront.
    DocsRs,
    /// The Rust registry.
    RustRegistry,
}

impl Peer {
    pub(crate) const ALL: [Self; 4] = [Self::EachWrite, Self::Specification, Self::DocsRs, Self::RustRegistry];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::EachWrite => "one invalidation per write",
            Self::Specification => "the specification's page",
            Self::DocsRs => "docs.rs",
            Self::RustRegistry => "the Rust registry",
        }
    }

    /// Purges the writes of a workload.
    pub(crate) fn run(self, workload: &Workload, cdn: &mut Cdn) {
        match self {
            Self::EachWrite => drive(&mut EachWrite::default(), workload, cdn),
            Self::Specification => drive(&mut Specification::default(), workload, cdn),
            Self::DocsRs => drive(&mut DocsRs::default(), workload, cdn),
            Self::RustRegistry => drive(&mut RustRegistry::default(), workload, cdn),
        }
    }
}

fn drive(algorithm: &mut impl Algorithm, workload: &Workload, cdn: &mut Cdn) {
    let mut writes = workload.writes.iter().peekable();
    loop {
        let action = algorithm.next_at().filter(|at| *at < workload.ends_at() + HORIZON);
        match (writes.peek(), action) {
            (Some(write), action) if action.is_none_or(|at| write.at <= at) => {
                algorithm.write(write);
                writes.next();
            }
            (_, Some(at)) => algorithm.act(at, cdn),
            (_, None) => return,
        }
    }
}

/// Sends one tag for each write. The SDK retries a throttled call; any other failure loses the write.
#[derive(Debug, Default)]
struct EachWrite {
    /// The tries, by time: the write and the number of attempts before.
    due: BTreeMap<(Millis, usize), (Write, usize)>,
    writes: usize,
}

impl Algorithm for EachWrite {
    fn write(&mut self, write: &Write) {
        self.writes += 1;
        self.due.insert((write.at, self.writes), (*write, 0));
    }

    fn next_at(&self) -> Option<Millis> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    fn act(&mut self, now: Millis, cdn: &mut Cdn) {
        let Some(((_, number), (write, attempts))) = self.due.pop_first() else { return };
        let sent = cdn.create(now, write.tenant, &[tag(write.tenant, write.target)]);
        if let (Err(Rejection::Throttled), Some(pause)) = (sent, SDK_PAUSES.get(attempts)) {
            self.due.insert((now + pause, number), (write, attempts + 1));
        }
    }
}

/// Every five minutes: deletes the variants of all deduplicated targets, then sends their wildcards in groups of 15, the
/// next when the one before has completed. A group that is rejected waits for the next five minutes.
#[derive(Debug, Default)]
struct Specification {
    queue: BTreeMap<usize, BTreeSet<Target>>,
    runs: BTreeMap<usize, SpecificationRun>,
}

/// The purge of one tenant.
#[derive(Debug)]
struct SpecificationRun {
    at: Millis,
    in_flight: Option<usize>,
    groups: VecDeque<Vec<Target>>,
    are_variants_deleted: bool,
}

impl Specification {
    const PERIOD: Millis = 5 * MINUTE;
    const GROUP: usize = 15;
    /// The time to list and to delete one page of a thousand variants.
    const PAGE: Millis = 600;
    /// The pause between two looks at an invalidation.
    const LOOK: Millis = SECOND;
    /// The pages of a forced location over a million packs.
    const LOCATION_PAGES: Millis = 1_000;
}

impl Algorithm for Specification {
    fn write(&mut self, write: &Write) {
        self.queue.entry(write.tenant).or_default().insert(write.target);
        let at = (write.at / Self::PERIOD + 1) * Self::PERIOD;
        let idle = || SpecificationRun { at, in_flight: None, groups: VecDeque::new(), are_variants_deleted: false };
        self.runs.entry(write.tenant).or_insert_with(idle);
    }

    fn next_at(&self) -> Option<Millis> {
        self.runs.values().map(|run| run.at).min()
    }

    fn act(&mut self, now: Millis, cdn: &mut Cdn) {
        let Some((&tenant, run)) = self.runs.iter_mut().min_by_key(|(_, run)| run.at) else { return };
        if let Some(index) = run.in_flight {
            if !cdn.is_completed(index, now) {
                run.at = now + Self::LOOK;
                return;
            }
            run.in_flight = None;
            run.groups.pop_front();
        } else if run.groups.is_empty() {
            let targets: Vec<_> = self.queue.remove(&tenant).unwrap_or_default().into_iter().collect();
            run.groups = targets.chunks(Self::GROUP).map(<[_]>::to_vec).collect();
            run.are_variants_deleted = false;
        }
        let Some(group) = run.groups.front() else {
            self.end(tenant, now);
            return;
        };
        if !run.are_variants_deleted {
            run.are_variants_deleted = true;
            let pages = |target: &Target| if *target == Target::Location { Self::LOCATION_PAGES } else { 0 };
            let deletion: Millis = group.iter().map(pages).sum::<Millis>() * Self::PAGE;
            if deletion > 0 {
                run.at = now + deletion;
                return;
            }
        }
        let items: Vec<_> = group.iter().copied().map(wildcard).collect();
        match cdn.create(now, tenant, &items) {
            Ok(index) => {
                run.in_flight = Some(index);
                run.at = now + Self::LOOK;
            }
            Err(_) => run.at = (now / Self::PERIOD + 1) * Self::PERIOD,
        }
    }
}

impl Specification {
    /// Ends the purge of a tenant. Packs written meanwhile wait for the next five minutes.
    fn end(&mut self, tenant: usize, now: Millis) {
        self.runs.remove(&tenant);
        if self.queue.contains_key(&tenant) {
            let at = (now / Self::PERIOD + 1) * Self::PERIOD;
            self.runs.insert(
                tenant,
                SpecificationRun { at, in_flight: None, groups: VecDeque::new(), are_variants_deleted: false },
            );
        }
    }
}

/// Once a minute: starts so many wildcards that at most 13 are in progress; when the oldest entry has waited an hour,
/// purges everything. No deduplication.
#[derive(Debug, Default)]
struct DocsRs {
    queues: BTreeMap<usize, DocsRsQueue>,
}

#[derive(Debug, Default)]
struct DocsRsQueue {
    at: Millis,
    waiting: VecDeque<(Millis, Target)>,
    /// Invalidations, and the number of their paths.
    in_progress: Vec<(usize, usize)>,
}

impl DocsRs {
    const WILDCARDS_MAX: usize = 13;
    const AGE_MAX: Millis = 60 * MINUTE;
}

impl Algorithm for DocsRs {
    fn write(&mut self, write: &Write) {
        let queue = self.queues.entry(write.tenant).or_default();
        if queue.waiting.is_empty() && queue.in_progress.is_empty() {
            queue.at = (write.at / MINUTE + 1) * MINUTE;
        }
        queue.waiting.push_back((write.at, write.target));
    }

    fn next_at(&self) -> Option<Millis> {
        let busy = self.queues.values().filter(|queue| !queue.waiting.is_empty() || !queue.in_progress.is_empty());
        busy.map(|queue| queue.at).min()
    }

    fn act(&mut self, now: Millis, cdn: &mut Cdn) {
        let busy =
            self.queues.iter_mut().filter(|(_, queue)| !queue.waiting.is_empty() || !queue.in_progress.is_empty());
        let Some((&tenant, queue)) = busy.min_by_key(|(_, queue)| queue.at) else { return };
        queue.at = now + MINUTE;
        queue.in_progress.retain(|(index, _)| !cdn.is_completed(*index, now));
        let Some(&(oldest, _)) = queue.waiting.front() else { return };
        if now >= oldest + Self::AGE_MAX {
            if let Ok(index) = cdn.create(now, tenant, &["/*".to_owned()]) {
                queue.waiting.clear();
                queue.in_progress.push((index, 1));
            }
            return;
        }
        let used: usize = queue.in_progress.iter().map(|(_, paths)| paths).sum();
        let count = Self::WILDCARDS_MAX.saturating_sub(used).min(queue.waiting.len());
        if count == 0 {
            return;
        }
        let items: Vec<_> = queue.waiting.iter().take(count).map(|(_, target)| wildcard(*target)).collect();
        if let Ok(index) = cdn.create(now, tenant, &items) {
            queue.waiting.drain(..count);
            queue.in_progress.push((index, count));
        }
    }
}

/// One job, started by each enqueueing: sends batches of 1,000 tags until the queue is empty. On
/// `TooManyInvalidationsInProgress` it waits 30 s, doubling to 15 min. The job runner repeats a job that failed otherwise
/// after a minute, which the description does not say.
#[derive(Debug, Default)]
struct RustRegistry {
    queues: BTreeMap<usize, RustRegistryQueue>,
}

#[derive(Debug, Default)]
struct RustRegistryQueue {
    at: Millis,
    waiting: VecDeque<Target>,
    attempts: usize,
    backoff: Millis,
}

impl RustRegistry {
    const BATCH: usize = 1_000;
    const BACKOFF_MIN: Millis = 30 * SECOND;
    const BACKOFF_MAX: Millis = 15 * MINUTE;
    const JOB_PAUSE: Millis = MINUTE;
    /// The time of one call, after which the job takes the next batch.
    const CALL: Millis = 200;
}

impl Algorithm for RustRegistry {
    fn write(&mut self, write: &Write) {
        let queue = self.queues.entry(write.tenant).or_default();
        if queue.waiting.is_empty() {
            queue.at = queue.at.max(write.at);
        }
        queue.waiting.push_back(write.target);
    }

    fn next_at(&self) -> Option<Millis> {
        self.queues.values().filter(|queue| !queue.waiting.is_empty()).map(|queue| queue.at).min()
    }

    fn act(&mut self, now: Millis, cdn: &mut Cdn) {
        let busy = self.queues.iter_mut().filter(|(_, queue)| !queue.waiting.is_empty());
        let Some((&tenant, queue)) = busy.min_by_key(|(_, queue)| queue.at) else { return };
        let count = queue.waiting.len().min(Self::BATCH);
        let items: Vec<_> = queue.waiting.iter().take(count).map(|target| tag(tenant, *target)).collect();
        match cdn.create(now, tenant, &items) {
            Ok(_) => {
                queue.waiting.drain(..count);
                (queue.attempts, queue.backoff) = (0, 0);
                queue.at = now + Self::CALL;
            }
            Err(Rejection::TooManyInProgress) => {
                queue.backoff = (queue.backoff * 2).clamp(Self::BACKOFF_MIN, Self::BACKOFF_MAX);
                queue.attempts = 0;
                queue.at = now + queue.backoff;
            }
            Err(Rejection::Throttled) if queue.attempts < SDK_PAUSES.len() => {
                queue.at = now + SDK_PAUSES[queue.attempts];
                queue.attempts += 1;
            }
            Err(Rejection::Throttled | Rejection::TooLarge) => {
                queue.attempts = 0;
                queue.at = now + Self::JOB_PAUSE;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use cloudfront_emulator::{CallRate, Quotas};

    use super::super::workload::{Workload, thousand_in_a_minute};
    use super::*;

    #[track_caller]
    fn check(peer: Peer, workload: &Workload, items: u64, calls: usize) {
        let mut cdn = Cdn::new(Quotas::IN_PROGRESS, CallRate::CLOUDFRONT);
        peer.run(workload, &mut cdn);
        assert_eq!((cdn.items, cdn.accepted.len()), (items, calls), "{}", peer.name());
    }

    #[test]
    fn the_specification_sends_67_groups_for_a_thousand_packs() {
        check(Peer::Specification, &thousand_in_a_minute(), 1_000, 67);
    }

    #[test]
    fn docs_rs_sends_at_most_13_wildcards_a_minute_and_purges_everything_after_an_hour() {
        let mut cdn = Cdn::new(Quotas::IN_PROGRESS, CallRate::CLOUDFRONT);
        Peer::DocsRs.run(&thousand_in_a_minute(), &mut cdn);
        assert!(cdn.accepted.last().is_some_and(|last| last.covers_all));
        assert!(cdn.items <= 60 * 13 + 1, "{} items", cdn.items);
    }

    #[test]
    fn the_rust_registry_sends_each_tag_once() {
        let mut cdn = Cdn::new(Quotas::IN_PROGRESS, CallRate::CLOUDFRONT);
        Peer::RustRegistry.run(&thousand_in_a_minute(), &mut cdn);
        assert_eq!(cdn.items, 1_000);
    }
}
