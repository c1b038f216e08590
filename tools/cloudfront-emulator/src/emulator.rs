use jiff::Timestamp;

use crate::config::EmulatorConfig;
use crate::faults::Faults;
use crate::origin::OriginClient;
use crate::store::Store;

/// The state that the data plane and the control plane share.
#[derive(Debug)]
pub(crate) struct Emulator {
    pub(crate) config: EmulatorConfig,
    pub(crate) origin: OriginClient,
    pub(crate) store: Store,
    pub(crate) faults: Faults,
}

impl Emulator {
    pub(crate) fn now(&self) -> Timestamp {
        self.config.clock.now()
    }
}
