//! Warming: requesting images in advance after a purge, so that viewers find them at the edge.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::identifier::{InvalidIdentifierError, LocationName, TenantId};
use crate::image::image_pack::ImagePack;
use crate::timestamp::Timestamp;

/// The time for which an instance of image-processing gathers requests before it stores their number.
pub const GATHERED_FOR: Duration = Duration::from_mins(1);

/// The time over which stored requests are summed up: a day, with its peak.
pub const DEMAND_OVER: Duration = Duration::from_hours(24);

/// A location as a URL without a suffix names it: `?location=<name>`, or none, which selects the pack's main location. An
/// edge has an object for each.
///
/// Its text is the name, or `*` for none, which is no name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestedLocation(pub Option<LocationName>);

/// The text of a URL without a location.
const NONE: &str = "*";

impl fmt::Display for RequestedLocation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_ref().map_or(NONE, LocationName::as_str))
    }
}

impl FromStr for RequestedLocation {
    type Err = InvalidIdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(if text == NONE { None } else { Some(LocationName::parse(text)?) }))
    }
}

/// The number of requests for each location of a tenant.
pub type Demand = BTreeMap<RequestedLocation, u64>;

/// The locations at which an image of `pack` is requested in advance: at most `locations_max` of those that the pack has,
/// the most requested of the tenant first. A location without a request is not among them.
#[must_use]
pub fn most_requested(pack: &ImagePack, demand: &Demand, locations_max: usize) -> Vec<RequestedLocation> {
    let shows = |location: &RequestedLocation| {
        let name = location.0.as_ref().or(pack.main_image_location.as_ref());
        name.is_some_and(|name| pack.image_locations.contains_key(name))
    };
    let mut requested: Vec<_> = demand.iter().filter(|(location, count)| **count > 0 && shows(location)).collect();
    requested.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    requested.into_iter().take(locations_max).map(|(location, _)| location.clone()).collect()
}

/// The requests that an instance has counted and not stored.
#[derive(Debug, Clone, Default)]
pub struct Gathered(BTreeMap<TenantId, (Timestamp, Demand)>);

impl Gathered {
    /// Counts a request of `tenant` at `now`.
    pub fn count(&mut self, tenant: &TenantId, location: RequestedLocation, now: Timestamp) {
        let (_, demand) = self.0.entry(tenant.clone()).or_insert_with(|| (now, Demand::new()));
        *demand.entry(location).or_default() += 1;
    }

    /// Takes out the requests of the tenant whose first one was counted the longest ago, if that is [`GATHERED_FOR`].
    pub fn take_due(&mut self, now: Timestamp) -> Option<(TenantId, Demand)> {
        let (tenant, (since, _)) = self.0.iter().min_by_key(|(_, (since, _))| *since)?;
        if now.since(*since) < GATHERED_FOR {
            return None;
        }
        let tenant = tenant.clone();
        let (_, demand) = self.0.remove(&tenant)?;
        Some((tenant, demand))
    }
}

#[cfg(test)]
mod tests;
