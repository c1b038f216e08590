//! The figures of one strategy for one workload, from the replay of every object's caches.

use std::collections::BTreeMap;

use super::cdn::{Cdn, Invalidation};
use super::object;
use super::workload::{Millis, Target, Workload};
use crate::section::Cell;

/// The price of one item beyond the first 1,000 of a month, in dollars (CloudFront pricing, "Invalidation requests").
const PRICE_PER_ITEM: f64 = 0.005;

/// The time to fresh of a lost edit, in ratios and goals: as long as an edge location keeps an image, 30 days.
pub(super) const LOST_SECONDS: f64 = 30.0 * 86_400.0;

/// The figures of one strategy for one workload.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    /// Seconds from each measured write until no viewer gets older data, sorted.
    pub(super) seconds: Vec<f64>,
    /// Seconds from each measured write, for each edge location, until none of its viewers gets older data, sorted.
    pub(super) edge_seconds: Vec<f64>,
    /// Seconds from each measured write to the creation of the first invalidation after it, sorted.
    pub(super) first_call_seconds: Vec<f64>,
    pub(super) lost: u64,
    /// The lost edits of each edge location, added up.
    pub(super) edge_lost: u64,
    pub(super) items: u64,
    pub(super) refused: u64,
    pub(super) unneeded: u64,
}

/// Replays the caches of every object.
pub(super) fn measure(workload: &Workload, cdn: &Cdn) -> Figures {
    let covering = cdn.by_pack();
    let mut writes: BTreeMap<(usize, u32), Vec<Millis>> = BTreeMap::new();
    for write in &workload.writes {
        let packs = match write.target {
            Target::Pack(pack) => pack..pack + 1,
            Target::Location => 0..workload.packs[write.tenant],
        };
        let packs = packs.step_by(workload.sampling as usize);
        packs.for_each(|pack| writes.entry((write.tenant, pack)).or_default().push(write.at));
    }
    let sampling = u64::from(workload.sampling);
    let mut figures = Figures { items: cdn.items, refused: cdn.refused, ..Figures::default() };
    let none = Vec::new();
    for ((tenant, pack), writes) in &writes {
        let [of_pack, of_all] = [Some(*pack), None].map(|pack| covering.get(&(*tenant, pack)).unwrap_or(&none));
        let invalidations: Vec<&Invalidation> = of_pack.iter().chain(of_all).copied().collect();
        let outcome = object::replay(writes, &invalidations, u64::from(*pack) << 16 | *tenant as u64);
        figures.unneeded += outcome.unneeded * sampling;
        if !(workload.measured)(*tenant) {
            continue;
        }
        for written_at in writes {
            let later = invalidations.iter().map(|invalidation| invalidation.created).filter(|at| at >= written_at);
            figures.first_call_seconds.extend(later.min().map(|at| (at - written_at) as f64 / 1_000.0));
        }
        for (written_at, fresh_at) in writes.iter().zip(outcome.fresh_at) {
            let seconds = |fresh_at| (fresh_at - written_at) as f64 / 1_000.0;
            figures.edge_seconds.extend(fresh_at.into_iter().flatten().map(seconds));
            figures.edge_lost += fresh_at.into_iter().filter(Option::is_none).count() as u64;
            match fresh_at.into_iter().collect::<Option<Vec<_>>>().and_then(|edges| edges.into_iter().max()) {
                Some(fresh_at) => figures.seconds.push(seconds(fresh_at)),
                None => figures.lost += sampling,
            }
        }
    }
    for ((tenant, pack), invalidations) in &covering {
        if pack.is_none() {
            let edited = writes.range((*tenant, 0)..=(*tenant, u32::MAX)).count() as u64 * sampling;
            figures.unneeded += (u64::from(workload.packs[*tenant]) - edited) * invalidations.len() as u64;
        }
    }
    figures.seconds.sort_by(f64::total_cmp);
    figures.edge_seconds.sort_by(f64::total_cmp);
    figures.first_call_seconds.sort_by(f64::total_cmp);
    figures
}

impl Figures {
    /// The percentile over all edits. `None`: that edit is lost.
    pub(super) fn percentile(&self, percent: f64) -> Option<f64> {
        percentile(&self.seconds, self.lost, percent)
    }

    /// The percentile over all edits and edge locations. `None`: that edit is lost there.
    pub(super) fn edge_percentile(&self, percent: f64) -> Option<f64> {
        percentile(&self.edge_seconds, self.edge_lost, percent)
    }

    /// The percentile. A lost edit counts as [`LOST_SECONDS`].
    pub(super) fn seconds_at(&self, percent: f64) -> f64 {
        self.percentile(percent).unwrap_or(LOST_SECONDS)
    }

    /// The percentile of the first calls. An edit without one counts as [`LOST_SECONDS`].
    pub(super) fn first_call_seconds_at(&self, percent: f64) -> f64 {
        percentile(&self.first_call_seconds, 0, percent).unwrap_or(LOST_SECONDS)
    }

    /// The cells of a table.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let cell = |seconds: Option<f64>| match seconds {
            Some(seconds) => Cell::number(seconds, 1),
            None => Cell::Text("lost".to_owned()),
        };
        let [p50, p95, p99, max] = [50.0, 95.0, 99.0, 100.0].map(|percent| cell(self.percentile(percent)));
        vec![
            p50,
            p95,
            p99,
            max,
            cell(self.edge_percentile(95.0)),
            Cell::number(self.lost as f64, 0),
            Cell::number(self.items as f64, 0),
            Cell::number(self.items as f64 * PRICE_PER_ITEM, 2),
            Cell::number(self.refused as f64, 0),
            Cell::number(self.unneeded as f64, 0),
        ]
    }

    /// The distribution, as points for a plot.
    pub(super) fn line(&self) -> Vec<(f64, f64)> {
        let percents = (0..=100).map(|percent| f64::from(percent).max(0.5));
        percents.filter_map(|percent| Some((self.percentile(percent)?.max(0.1), percent))).collect()
    }
}

/// The percentile of sorted values, and of `lost` ones that are larger than all of them. `None`: it is one of those.
#[expect(clippy::cast_sign_loss, reason = "a percentile is not negative")]
fn percentile(sorted: &[f64], lost: u64, percent: f64) -> Option<f64> {
    let count = sorted.len() as f64 + lost as f64;
    sorted.get(((percent / 100.0 * count).ceil() as usize).max(1) - 1).copied()
}
