//! CloudFront as a strategy sees it: the emulator's control plane, and a record of what it accepted.

use std::collections::BTreeMap;

use cloudfront_emulator::{Accepted, CallRate, ControlPlane, EDGE_LOCATIONS, Propagation, Quotas, Rejection};
use jiff::Timestamp;

use super::workload::{Millis, Target};

/// Seed of CloudFront's delays.
const SEED: u64 = 7;

/// The path of every image of a tenant.
const IMAGES: &str = "/api/v2/img/";

/// CloudFront.
#[derive(Debug)]
pub(crate) struct Cdn {
    plane: ControlPlane,
    pub(crate) accepted: Vec<Invalidation>,
    /// Calls that CloudFront rejected.
    pub(crate) refused: u64,
    /// Items of the accepted calls, each billed as one path.
    pub(crate) items: u64,
}

/// An accepted invalidation.
#[derive(Debug, Clone)]
pub(crate) struct Invalidation {
    pub(crate) tenant: usize,
    pub(crate) created: Millis,
    /// Effect in the regional cache.
    pub(crate) regional: Millis,
    /// Effects in the edge locations.
    pub(crate) edges: [Millis; EDGE_LOCATIONS],
    pub(crate) completed: Millis,
    /// The packs that it covers.
    pub(crate) packs: Vec<u32>,
    /// Whether it covers every object of the tenant.
    pub(crate) covers_all: bool,
}

impl Cdn {
    pub(crate) fn new(quotas: Quotas, calls: CallRate) -> Self {
        let plane = ControlPlane::new(quotas, calls, Propagation::of_cloudfront(SEED));
        Self { plane, accepted: Vec::new(), refused: 0, items: 0 }
    }

    /// Creates an invalidation in the distribution of `tenant`. Returns its index among the accepted ones.
    pub(crate) fn create(&mut self, now: Millis, tenant: usize, items: &[String]) -> Result<usize, Rejection> {
        let wildcards = items.iter().filter(|item| item.ends_with('*')).count();
        let created = self.plane.create(time(now), &tenant.to_string(), items.len() - wildcards, wildcards);
        let Accepted { regional, edges, completed } = created.inspect_err(|_| self.refused += 1)?;
        self.items += items.len() as u64;
        let packs: Vec<_> = items.iter().filter_map(|item| pack_of(item)).collect();
        self.accepted.push(Invalidation {
            tenant,
            created: now,
            regional: millis(regional),
            edges: edges.map(millis),
            completed: millis(completed),
            covers_all: packs.len() < items.len(),
            packs,
        });
        Ok(self.accepted.len() - 1)
    }

    /// Whether CloudFront says `Completed`.
    pub(crate) fn is_completed(&self, index: usize, now: Millis) -> bool {
        self.accepted[index].completed <= now
    }

    /// The invalidations of each tenant, by the pack that they cover; `None`: all packs.
    pub(crate) fn by_pack(&self) -> BTreeMap<(usize, Option<u32>), Vec<&Invalidation>> {
        let mut covering: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for invalidation in &self.accepted {
            if invalidation.covers_all {
                covering.entry((invalidation.tenant, None)).or_default().push(invalidation);
                continue;
            }
            for pack in &invalidation.packs {
                let known: &mut Vec<_> = covering.entry((invalidation.tenant, Some(*pack))).or_default();
                // An item that is sent twice in one batch has one effect.
                if !known.last().is_some_and(|last| std::ptr::eq(*last, invalidation)) {
                    known.push(invalidation);
                }
            }
        }
        covering
    }
}

/// The cache tag of a target.
pub(crate) fn tag(tenant: usize, target: Target) -> String {
    match target {
        Target::Pack(pack) => format!("#t{tenant}/{}", pack_id(pack)),
        Target::Location => format!("#t{tenant}/location/main"),
    }
}

/// The wildcard of a target. A location is in the query string, which no path of an invalidation selects.
pub(crate) fn wildcard(target: Target) -> String {
    match target {
        Target::Pack(pack) => format!("{IMAGES}{}*", pack_id(pack)),
        Target::Location => format!("{IMAGES}*"),
    }
}

/// The id of a pack. All have one length, so that a wildcard of one covers no other.
pub(crate) fn pack_id(pack: u32) -> String {
    format!("p{pack:07}")
}

/// The pack that an item covers; `None`: it covers all.
fn pack_of(item: &str) -> Option<u32> {
    let id = item.strip_prefix(IMAGES).map(|id| id.trim_end_matches('*')).or_else(|| item.split('/').nth(1))?;
    id.strip_prefix('p')?.parse().ok()
}

fn time(millis: Millis) -> Timestamp {
    Timestamp::from_millisecond(i64::try_from(millis).unwrap_or(i64::MAX)).unwrap_or(Timestamp::MAX)
}

fn millis(time: Timestamp) -> Millis {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_covers_one_pack_or_all() {
        for (item, expected) in [
            ("#t0/p0000012", Some(12)),
            ("/api/v2/img/p0000012*", Some(12)),
            ("#t0/location/main", None),
            ("#t0", None),
            ("/api/v2/img/*", None),
            ("/*", None),
        ] {
            assert_eq!(pack_of(item), expected, "{item}");
        }
    }
}
