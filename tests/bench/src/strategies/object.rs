//! The caches of one object: what its viewers get while it is edited and invalidated.
//!
//! Viewers request the object all the time at every edge location. The caches behave as those of the emulator: edge
//! locations behind one regional cache; an edge location whose effect is earlier than the regional one is invalidated
//! again with it; one fetch at a time, for all that wait; a response that arrives after an invalidation is stored.

use cloudfront_emulator::{EDGE_LOCATIONS, draw};

use super::cdn::Invalidation;
use super::workload::Millis;

/// The shortest time from the origin's read of the data to the arrival of the response.
const FETCH_MIN: Millis = 100;
/// The mean of the rest, which is exponential.
const FETCH_REST: f64 = 300.0;
/// The longest: the origin answers within two seconds of its read, and the edge has the response three seconds later.
const FETCH_MAX: Millis = 5_000;

/// The share of objects, in percent, that no cache has at the time of their first write, and that a fetch of the old
/// data is under way for.
const FETCHED_AT_WRITE: u64 = 10;

/// The outcome for one object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// For each write and edge location: the time after which its viewers get no older data any more. `None`: it stays
    /// stale.
    pub(crate) fresh_at: Vec<[Option<Millis>; EDGE_LOCATIONS]>,
    /// Invalidations that removed only current copies.
    pub(crate) unneeded: u64,
}

/// The data of a copy: the number of writes that it contains.
type Data = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Write,
    /// The invalidation with this index takes effect in the regional cache.
    Regional(usize),
    /// It takes effect in an edge location.
    Edge(usize, usize),
}

/// A fetch from the origin.
struct Fetch {
    data: Data,
    arrives_at: Millis,
    waiting: [bool; EDGE_LOCATIONS],
}

struct Caches {
    regional: Option<Data>,
    edges: [Option<Data>; EDGE_LOCATIONS],
    fetch: Option<Fetch>,
    writes: Data,
    seed: u64,
    fetches: u64,
    /// For each edge location and version: the end of the last time at which it had it.
    served_until: [Vec<Millis>; EDGE_LOCATIONS],
}

/// Replays `writes` and the `invalidations` that cover the object. `seed` draws the fetches.
pub(crate) fn replay(writes: &[Millis], invalidations: &[&Invalidation], seed: u64) -> Outcome {
    let mut events: Vec<(Millis, Event)> = writes.iter().map(|at| (*at, Event::Write)).collect();
    for (index, invalidation) in invalidations.iter().enumerate() {
        events.push((invalidation.regional, Event::Regional(index)));
        for (edge, at) in invalidation.edges.into_iter().enumerate() {
            events.push((at, Event::Edge(index, edge)));
            if at < invalidation.regional {
                events.push((invalidation.regional, Event::Edge(index, edge)));
            }
        }
    }
    events.sort_unstable();
    let mut caches = Caches {
        regional: Some(0),
        edges: [Some(0); EDGE_LOCATIONS],
        fetch: None,
        writes: 0,
        seed,
        fetches: 0,
        served_until: [(); EDGE_LOCATIONS].map(|()| vec![0; writes.len() + 1]),
    };
    if let Some(first) = writes.first().filter(|_| draw(seed, u64::MAX - 1) % 100 < FETCHED_AT_WRITE) {
        caches.regional = None;
        for edge in 0..EDGE_LOCATIONS {
            caches.drop_edge(edge, first.saturating_sub(1));
        }
    }
    let mut has_removed_stale = vec![false; invalidations.len()];
    for (at, event) in events {
        caches.arrive_until(at);
        match event {
            Event::Write => caches.writes += 1,
            Event::Regional(index) => {
                has_removed_stale[index] |= caches.is_stale(caches.regional);
                caches.regional = None;
            }
            Event::Edge(index, edge) => {
                has_removed_stale[index] |= caches.is_stale(caches.edges[edge]);
                caches.drop_edge(edge, at);
            }
        }
    }
    caches.arrive_until(Millis::MAX);
    let edges: [usize; EDGE_LOCATIONS] = std::array::from_fn(|edge| edge);
    let fresh_at = writes.iter().enumerate().map(|(index, at)| {
        let version = index + 1;
        edges.map(|edge| {
            // The last time at which a copy without this write was served.
            let served_until = caches.served_until[edge][..version].iter().copied().max().unwrap_or(0);
            (caches.edges[edge].unwrap_or(caches.writes) >= version).then(|| served_until.max(*at))
        })
    });
    let unneeded = has_removed_stale.iter().filter(|has| !**has).count() as u64;
    Outcome { fresh_at: fresh_at.collect(), unneeded }
}

impl Caches {
    fn is_stale(&self, copy: Option<Data>) -> bool {
        copy.is_some_and(|data| data < self.writes)
    }

    /// Removes the copy of an edge location, whose viewers request the object at once.
    fn drop_edge(&mut self, edge: usize, at: Millis) {
        if let Some(data) = self.edges[edge].take() {
            self.served(edge, data, at);
        }
        if self.regional.is_some() {
            self.edges[edge] = self.regional;
            return;
        }
        let arrives_at = at + self.fetch_time();
        let data = self.writes;
        let fetch = self.fetch.get_or_insert(Fetch { data, arrives_at, waiting: [false; EDGE_LOCATIONS] });
        fetch.waiting[edge] = true;
    }

    #[expect(clippy::cast_sign_loss, reason = "the logarithm of a number between 0 and 1 is negative")]
    fn fetch_time(&mut self) -> Millis {
        self.fetches += 1;
        let uniform = (draw(self.seed, self.fetches) >> 11) as f64 / (1_u64 << 53) as f64;
        FETCH_MAX.min(FETCH_MIN + (-(1.0 - uniform).ln() * FETCH_REST) as Millis)
    }

    /// Stores the responses that arrive until `now`.
    fn arrive_until(&mut self, now: Millis) {
        let Some(Fetch { data, waiting, arrives_at }) = self.fetch.take_if(|fetch| fetch.arrives_at <= now) else {
            return;
        };
        self.regional = Some(data);
        for (edge, _) in waiting.into_iter().enumerate().filter(|(_, waits)| *waits) {
            if let Some(replaced) = self.edges[edge].replace(data) {
                self.served(edge, replaced, arrives_at);
            }
        }
    }

    /// Notes that an edge location had `data` until `at`.
    fn served(&mut self, edge: usize, data: Data, at: Millis) {
        let served_until = &mut self.served_until[edge][data];
        *served_until = at.max(*served_until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invalidation(regional: Millis, edges: [Millis; EDGE_LOCATIONS]) -> Invalidation {
        Invalidation { tenant: 0, created: 0, regional, edges, completed: 0, packs: vec![0], covers_all: false }
    }

    /// A seed whose object is in all caches at the first write, or is being fetched then.
    fn seed(is_fetched: bool) -> u64 {
        (0..10_000).find(|seed| (draw(*seed, u64::MAX - 1) % 100 < FETCHED_AT_WRITE) == is_fetched).unwrap_or(0)
    }

    #[track_caller]
    fn check(
        writes: &[Millis],
        invalidations: &[Invalidation],
        fresh_at: &[[Option<Millis>; EDGE_LOCATIONS]],
        unneeded: u64,
    ) {
        let invalidations: Vec<_> = invalidations.iter().collect();
        let outcome = replay(writes, &invalidations, seed(false));
        assert_eq!(outcome, Outcome { fresh_at: fresh_at.to_vec(), unneeded });
    }

    #[test]
    fn an_edit_without_an_invalidation_stays_stale() {
        check(&[1_000], &[], &[[None, None]], 0);
    }

    #[test]
    fn an_edit_is_fresh_at_an_edge_location_when_it_has_carried_out_its_invalidation() {
        check(&[1_000], &[invalidation(2_000, [3_000, 4_000])], &[[Some(3_000), Some(4_000)]], 0);
    }

    #[test]
    fn an_edge_location_that_is_earlier_than_the_regional_cache_copies_the_old_object_once_more() {
        check(&[1_000], &[invalidation(3_500, [3_000, 4_000])], &[[Some(3_500), Some(4_000)]], 0);
    }

    #[test]
    fn an_edit_after_the_effect_stays_stale() {
        let fresh_at = [[Some(3_000), Some(4_000)], [None, None]];
        check(&[1_000, 30_000], &[invalidation(2_000, [3_000, 4_000])], &fresh_at, 0);
    }

    #[test]
    fn an_invalidation_of_current_copies_is_unneeded() {
        let both = [invalidation(2_000, [2_000, 2_000]), invalidation(20_000, [20_000, 20_000])];
        check(&[1_000], &both, &[[Some(2_000); 2]], 1);
    }

    #[test]
    fn a_response_with_old_data_that_arrives_after_the_invalidation_stays() {
        let early = invalidation(1_001, [1_001, 1_001]);
        let outcome = replay(&[1_000], &[&early], seed(true));
        assert_eq!(outcome.fresh_at, [[None, None]]);
        let outcome = replay(&[1_000], &[&early, &invalidation(9_000, [9_000, 9_000])], seed(true));
        assert_eq!(outcome.fresh_at, [[Some(9_000); 2]]);
    }
}
