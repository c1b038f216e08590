//! The options that follow a completed purge: events, and images that are requested in advance.

use contract::limits;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Environment;
use super::rules::NotAllowed;

/// The events of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// Whether an event bus gets an event for each completed purge.
    pub purge_completed: bool,
}

/// The images that are requested in advance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Warming {
    /// Locations of a pack, the most requested of its tenant, that are requested after its final purge. 0: none.
    pub locations_max: u32,
    /// Requests for each tenant in a minute, on average.
    pub requests_per_minute: u32,
    /// Requests for each tenant at once.
    pub requests_burst: u32,
}

impl Default for Warming {
    fn default() -> Self {
        Self {
            locations_max: 0,
            requests_per_minute: limits::WARMING_REQUESTS_PER_MINUTE,
            requests_burst: limits::WARMING_REQUESTS_BURST,
        }
    }
}

impl Warming {
    /// Whether images are requested in advance.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.locations_max > 0
    }
}

/// Warming follows the events.
pub(super) fn not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let Warming { locations_max, .. } = environment.warming;
    (environment.warming.is_on() && !environment.events.purge_completed).then(|| {
        let allowed = "0, unless events.purge_completed is true: warming follows these events";
        NotAllowed::new("warming.locations_max", locations_max.to_string(), allowed)
    })
}
