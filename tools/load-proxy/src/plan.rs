//! The plan of faults.

use std::time::Duration;

use crate::call::{Call, Kind};

/// The share of calls that meet a fault, by kind of fault. A call has at most one fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoadPlan {
    /// Calls of a thousand that are throttled and have no effect.
    pub throttled_per_mille: u32,
    /// Writes of a thousand that are rejected as if another transaction on their item were ongoing.
    pub conflicts_per_mille: u32,
    /// Batch calls of a thousand that leave a part unprocessed.
    pub unprocessed_per_mille: u32,
    /// Calls of CloudFront, of a thousand, that are denied.
    pub denied_per_mille: u32,
    /// The only partition (the value of its key) or distribution (its id) whose calls meet faults. `None`: all of them.
    pub only: Option<String>,
    /// The number of faults after which the plan ends. `None`: it ends with the next plan.
    pub faults_max: Option<u64>,
    /// The time that a transaction stays ongoing after it was carried out and before its response.
    pub transaction_lasts: Duration,
    /// The seed that selects the calls: the same seed selects the same calls, counted from the start of the plan.
    pub seed: u64,
}

/// A fault of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Throttled,
    Conflict,
    Unprocessed,
    Denied,
}

impl LoadPlan {
    /// The fault of `call`, for which `drawn` of 0 to 999 was drawn.
    pub(crate) fn fault(&self, call: &Call, mut drawn: u32) -> Option<Fault> {
        if self.only.as_ref().is_some_and(|name| !call.names(name)) {
            return None;
        }
        let kind = call.kind();
        let faults = [
            (Fault::Throttled, self.throttled_per_mille, true),
            (Fault::Conflict, self.conflicts_per_mille, matches!(kind, Kind::Write | Kind::Transaction)),
            (Fault::Unprocessed, self.unprocessed_per_mille, matches!(kind, Kind::BatchGet | Kind::BatchWrite)),
            (Fault::Denied, self.denied_per_mille, kind == Kind::CloudFront),
        ];
        for (fault, share, applies) in faults {
            if !applies {
                continue;
            }
            if drawn < share {
                return Some(fault);
            }
            drawn -= share;
        }
        None
    }
}
