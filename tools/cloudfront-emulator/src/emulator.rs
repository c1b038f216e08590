use std::time::Duration;

use crate::clock::Clock;
use crate::distributions::Distributions;
use crate::faults::Faults;
use crate::origin::OriginClient;
use crate::quotas::Quotas;
use crate::rejected_items::RejectedItems;
use crate::store::Store;

/// Everything that the data plane and the control plane share.
#[derive(Debug)]
pub(crate) struct Emulator {
    pub(crate) distributions: Distributions,
    pub(crate) origin: OriginClient,
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) propagation_delay: Duration,
    pub(crate) quotas: Quotas,
    pub(crate) authorize_callers: bool,
    pub(crate) faults: Faults,
    pub(crate) rejected_items: RejectedItems,
}
