//! The workloads: writes over time, and the tenants that they belong to.

use cloudfront_emulator::draw;

/// Milliseconds since the begin of a run.
pub(crate) type Millis = u64;

const SECOND: Millis = 1_000;
const MINUTE: Millis = 60 * SECOND;

/// Name of a workload.
pub(crate) const ISOLATED: &str = "isolated edits";
/// Name of a workload.
pub(crate) const THOUSAND: &str = "1,000 packs in a minute";
/// Name of a workload.
pub(crate) const FLOOD: &str = "50 tenants, one floods: the others' isolated edits";
/// Name of a workload.
pub(crate) const FORCED: &str = "a forced location over a million packs";

/// A meaningful write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Write {
    pub(crate) at: Millis,
    /// Index of the tenant.
    pub(crate) tenant: usize,
    pub(crate) target: Target,
}

/// The target of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Target {
    /// Index of the pack among its tenant's.
    Pack(u32),
    /// The location that all packs of the tenant show, with force.
    Location,
}

/// A workload.
#[derive(Debug, Clone)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// Packs of each tenant. Each has one object in CloudFront.
    pub(crate) packs: Vec<u32>,
    /// In the order of their times.
    pub(crate) writes: Vec<Write>,
    /// One of so many objects of a location is replayed, and counts for all of them: a million need not be.
    pub(crate) sampling: u32,
    /// Shards of the stream. The records of one tenant are in one shard.
    pub(crate) shards: usize,
    /// Tenants whose edits are measured; the others are load.
    pub(crate) measured: fn(usize) -> bool,
}

impl Workload {
    pub(crate) fn new(name: &'static str, packs: Vec<u32>, mut writes: Vec<Write>) -> Self {
        writes.sort_by_key(|write| write.at);
        Self { name, packs, writes, sampling: 1, shards: 1, measured: |_| true }
    }

    /// The time of the last write.
    pub(crate) fn ends_at(&self) -> Millis {
        self.writes.last().map_or(0, |write| write.at)
    }
}

/// 2,000 edits of one tenant, one a minute at a random second.
pub(crate) fn isolated() -> Workload {
    let writes = (0..2_000)
        .map(|edit| {
            let target = Target::Pack(u32::try_from(edit).unwrap_or(0));
            Write { at: edit * MINUTE + draw(1, edit) % (40 * SECOND), tenant: 0, target }
        })
        .collect();
    Workload::new(ISOLATED, vec![10_000], writes)
}

/// `packs` packs of one tenant, evenly within `duration`.
fn bulk(name: &'static str, packs: u32, duration: Millis) -> Workload {
    let writes = (0..packs)
        .map(|pack| {
            let at = u64::from(pack) * duration / u64::from(packs);
            Write { at, tenant: 0, target: Target::Pack(pack) }
        })
        .collect();
    Workload::new(name, vec![packs.max(10_000)], writes)
}

pub(crate) fn thousand_in_a_minute() -> Workload {
    bulk(THOUSAND, 1_000, MINUTE)
}

pub(crate) fn hundred_thousand() -> Workload {
    bulk("100,000 packs in ten minutes", 100_000, 10 * MINUTE)
}

/// The first of 50 tenants writes 50,000 packs in twelve and a half minutes, more than the quotas allow; each other one
/// edits one pack, about 15 seconds after the one before.
pub(crate) fn flood() -> Workload {
    let Workload { mut writes, .. } = bulk("", 50_000, 750 * SECOND);
    let quiet = (1..50_usize).map(|tenant| {
        let at = tenant as u64 * 15 * SECOND + draw(2, tenant as u64) % (5 * SECOND);
        Write { at, tenant, target: Target::Pack(0) }
    });
    writes.extend(quiet);
    let packs = std::iter::once(50_000).chain([1_000; 49]).collect();
    Workload { measured: |tenant| tenant > 0, ..Workload::new(FLOOD, packs, writes) }
}

/// 1,000 packs of one tenant, each edited ten times, once a second. Their first edits are within a minute.
pub(crate) fn edited_ten_times() -> Workload {
    let writes = (0..1_000_u32)
        .flat_map(|pack| {
            let begin = u64::from(pack) * MINUTE / 1_000;
            (0..10).map(move |edit| Write { at: begin + edit * SECOND, tenant: 0, target: Target::Pack(pack) })
        })
        .collect();
    Workload::new("1,000 packs, each edited ten times in ten seconds", vec![10_000], writes)
}

/// A location that a million packs show, forced ten times, once in half an hour.
pub(crate) fn forced_location() -> Workload {
    let write = |force: Millis| Write { at: 10 * SECOND + force * 30 * MINUTE, tenant: 0, target: Target::Location };
    Workload { sampling: 100, ..Workload::new(FORCED, vec![1_000_000], (0..10).map(write).collect()) }
}

/// `tenants` tenants with a thousand packs each. Each tenant writes a random pack every ten seconds, for so many minutes.
pub(crate) fn account_of(tenants: u32, minutes: u64) -> Workload {
    let count = u64::from(tenants) * 6 * minutes;
    let writes = (0..count)
        .map(|number| {
            let target = Target::Pack(u32::try_from(draw(3, number) % 1_000).unwrap_or(0));
            let tenant = usize::try_from(number % u64::from(tenants)).unwrap_or(0);
            Write { at: number * minutes * MINUTE / count, tenant, target }
        })
        .collect();
    let shards = usize::try_from(tenants).unwrap_or(0).div_ceil(1_000);
    Workload { shards, ..Workload::new("one account", vec![1_000; tenants as usize], writes) }
}

/// All workloads.
pub(crate) fn workloads() -> Vec<Workload> {
    vec![isolated(), thousand_in_a_minute(), hundred_thousand(), flood(), edited_ten_times(), forced_location()]
}
