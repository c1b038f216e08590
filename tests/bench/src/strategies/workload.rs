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
pub(crate) const FLOOD: &str = "50 tenants, one floods: the others' edits";
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
    /// Tenants whose edits are measured; the others are load.
    pub(crate) measured: fn(usize) -> bool,
}

fn all(_: usize) -> bool {
    true
}

/// 200 edits of one tenant, one a minute at a random second.
pub(crate) fn isolated() -> Workload {
    let writes = (0..200)
        .map(|edit| {
            let target = Target::Pack(u32::try_from(edit).unwrap_or(0));
            Write { at: edit * MINUTE + draw(1, edit) % (40 * SECOND), tenant: 0, target }
        })
        .collect();
    Workload { name: ISOLATED, packs: vec![10_000], writes, measured: all }
}

/// `packs` packs of one tenant, evenly within `duration`.
fn bulk(name: &'static str, packs: u32, duration: Millis) -> Workload {
    let writes = (0..packs)
        .map(|pack| {
            let at = u64::from(pack) * duration / u64::from(packs);
            Write { at, tenant: 0, target: Target::Pack(pack) }
        })
        .collect();
    Workload { name, packs: vec![packs.max(10_000)], writes, measured: all }
}

pub(crate) fn thousand_in_a_minute() -> Workload {
    bulk(THOUSAND, 1_000, MINUTE)
}

pub(crate) fn hundred_thousand() -> Workload {
    bulk("100,000 packs in ten minutes", 100_000, 10 * MINUTE)
}

/// The first of 50 tenants writes 20,000 packs in five minutes; each other one edits one pack.
pub(crate) fn flood() -> Workload {
    let Workload { mut writes, .. } = bulk("", 20_000, 5 * MINUTE);
    let quiet = (1..50_usize).map(|tenant| {
        let at = 30 * SECOND + draw(2, tenant as u64) % (4 * MINUTE);
        Write { at, tenant, target: Target::Pack(0) }
    });
    writes.extend(quiet);
    writes.sort_by_key(|write| write.at);
    let packs = std::iter::once(20_000).chain([1_000; 49]).collect();
    Workload { name: FLOOD, packs, writes, measured: |tenant| tenant > 0 }
}

/// 1,000 packs of one tenant, each edited ten times, once a second. Their first edits are within a minute.
pub(crate) fn edited_ten_times() -> Workload {
    let mut writes: Vec<_> = (0..1_000_u32)
        .flat_map(|pack| {
            let begin = u64::from(pack) * MINUTE / 1_000;
            (0..10).map(move |edit| Write { at: begin + edit * SECOND, tenant: 0, target: Target::Pack(pack) })
        })
        .collect();
    writes.sort_by_key(|write| write.at);
    Workload { name: "1,000 packs, each edited ten times in ten seconds", packs: vec![10_000], writes, measured: all }
}

/// One forced location that a million packs show.
pub(crate) fn forced_location() -> Workload {
    let writes = vec![Write { at: 10 * SECOND, tenant: 0, target: Target::Location }];
    Workload { name: FORCED, packs: vec![1_000_000], writes, measured: all }
}

/// `tenants` tenants with a thousand packs each. Each tenant writes a random pack every ten seconds, for five minutes.
pub(crate) fn account_of(tenants: u32) -> Workload {
    let count = u64::from(tenants) * 30;
    let writes = (0..count)
        .map(|number| {
            let target = Target::Pack(u32::try_from(draw(3, number) % 1_000).unwrap_or(0));
            let tenant = usize::try_from(number % u64::from(tenants)).unwrap_or(0);
            Write { at: number * 5 * MINUTE / count, tenant, target }
        })
        .collect();
    Workload { name: "one account", packs: vec![1_000; tenants as usize], writes, measured: all }
}

/// All workloads.
pub(crate) fn workloads() -> Vec<Workload> {
    vec![isolated(), thousand_in_a_minute(), hundred_thousand(), flood(), edited_ten_times(), forced_location()]
}
