//! The promise.

use stateright::{Model, Property};

use crate::config::{Config, Starts, VariantsBucket};
use crate::request::PurgeKind;
use crate::state::{Pack, State};

/// Once the ledger says completed for a final purge of a row's version, no viewer's later request is served
/// older data than that version's. A viewer who joins a fetch or an invocation that is under way is covered: where that
/// could have read old data, the next step could store it.
pub const SAFETY: &str = "no viewer is served what a completed purge replaced";

/// image-processing never serves a variant with another fingerprint than the current one, whatever happens to its
/// purge.
pub const NOT_KNOWN_STALE: &str = "no known stale variant is served";

/// At the end of each path, the queue is empty, no request is in flight, and nothing old is left. The
/// model is finite and acyclic, so every path comes there; that makes "in the end" an invariant of the last states,
/// which is exact where Stateright's `eventually` may overlook a path that joins another.
pub const LIVENESS: &str = "in the end everything is purged and deleted, and the queue is empty";

/// As long as a row is in the queue whose wake-up met no fault, a purge run or an invocation is alive that handles it
/// without the schedule.
pub const NO_WAKE_UP_LOST: &str = "no wake-up is lost";

/// Each version is named in at most one early and one final request that CloudFront bills, and in no early one where
/// early purges are switched off.
pub const PRICE: &str = "each version has at most one early and one final invalidation";

/// A write whose stream record was delivered is in the queue, on its way, or purged.
pub const NOTHING_LOST: &str = "no delivered write is lost";

/// It does happen that a final purge completes; a model in which nothing happens would satisfy everything else.
pub const PURGED: &str = "a final purge completes";

/// It does happen that a viewer can get an old image before that.
pub const STALE: &str = "an old image is there before the purge";

/// It does happen that a wake-up covers a row.
pub const WOKEN: &str = "a wake-up succeeds";

/// It does happen that a POST finds a purge that it joins.
pub const JOINED: &str = "a POST joins a purge that waits";

/// The promises, and the signs that the model can do what they are about.
#[must_use]
pub fn all(config: &Config) -> Vec<Property<Config>> {
    let mut all = vec![
        Property::always(SAFETY, |config: &Config, state: &State| {
            state.packs.iter().all(|pack| pack.copies.oldest(config).is_none_or(|oldest| oldest >= pack.promised))
        }),
        Property::always(LIVENESS, |config: &Config, state| {
            let mut actions = Vec::new();
            config.actions(state, &mut actions);
            !actions.is_empty() || is_all_purged(config, state)
        }),
        Property::always(NO_WAKE_UP_LOST, |_, state: &State| {
            let is_covered = !state.workers.is_empty() || !state.wakers.is_empty() || state.queue.invocations > 0;
            is_covered || state.packs.iter().all(|pack| pack.row.is_none_or(|row| !row.is_woken))
        }),
        Property::always(PRICE, |config: &Config, state: &State| {
            let mut purges: Vec<_> = state
                .cloudfront
                .invalidations
                .iter()
                .flat_map(|invalidation| invalidation.request.served())
                .map(|(pack, served)| (pack, served.version, served.kind))
                .collect();
            purges.sort_unstable();
            let has_early_purges = config.early_purge_targets_max > 0 || config.deletes > 0;
            purges.windows(2).all(|neighbours| neighbours[0] != neighbours[1])
                && (has_early_purges || purges.iter().all(|(_, _, kind)| *kind == PurgeKind::Final))
        }),
        Property::always(NOTHING_LOST, |_, state: &State| {
            (0..state.packs.len()).all(|pack| state.packs[pack].enqueued <= covered(state, pack))
        }),
        Property::sometimes(PURGED, |_, state: &State| state.packs.iter().any(|pack| pack.promised > 0)),
        Property::sometimes(STALE, |_, state: &State| state.packs.iter().any(|pack| pack.copies.cached.is_some())),
    ];
    if config.bucket == VariantsBucket::Own {
        all.push(Property::always(NOT_KNOWN_STALE, |config: &Config, state: &State| {
            let served = |pack: &Pack| pack.copies.served_variant(config);
            state.packs.iter().all(|pack| served(pack).is_none_or(|served| served >= pack.copies.fingerprint_since))
        }));
    }
    if config.posts > 1 {
        all.push(Property::sometimes(JOINED, |config: &Config, state: &State| {
            let has_one_to_join = |pack: &Pack| pack.row.is_some_and(|row| config.joins(&row));
            state.left.posts > 0 && state.packs.iter().any(has_one_to_join)
        }));
    }
    if config.starts == Starts::WakeUpsAndSchedule {
        all.push(Property::sometimes(WOKEN, |_, state: &State| {
            state.packs.iter().any(|pack| pack.row.is_some_and(|row| row.is_woken))
        }));
    }
    all
}

fn is_all_purged(config: &Config, state: &State) -> bool {
    state.queue.outbox.is_empty()
        && state.workers.is_empty()
        && state.packs.iter().all(|pack| {
            pack.row.is_none()
                && pack.promised == pack.copies.data
                && pack.copies.oldest(config).is_none()
                && pack.copies.variant.is_none()
        })
}

/// The newest data of `pack` that a worker has purged, is purging or will purge.
fn covered(state: &State, pack: usize) -> u8 {
    let of_pack = &state.packs[pack];
    let requested = state.queue.outbox.iter().filter_map(|written| written.request.entries[pack]);
    let on_its_way = requested.map(|served| served.promises);
    on_its_way.chain(of_pack.row.map(|row| row.promises)).chain([of_pack.promised]).max().unwrap_or_default()
}
