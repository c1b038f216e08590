//! The actions of the model.

use crate::worker::Step;

/// One step of one component. A counter-example is a list of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An editor's meaningful write; the pack's data is another version from now on.
    Write {
        /// The pack.
        pack: usize,
    },
    /// The stream delivers the next record of the pack. Records of different packs come in any order.
    Deliver {
        /// The pack.
        pack: usize,
    },
    /// The stream delivers a record of the pack that it had delivered before.
    DeliverAgain {
        /// The pack.
        pack: usize,
    },
    /// An admin's DELETE enqueues the pack and begins.
    Delete {
        /// The pack.
        pack: usize,
    },
    /// A purge run takes the lease.
    Start,
    /// A purge run or a DELETE takes its next step.
    Go {
        /// The worker, of those that are alive.
        worker: usize,
        /// The step.
        step: Step,
    },
    /// A purge run ends its look at an invalidation that is not completed: its time is up.
    Leave {
        /// The worker, of those that are alive.
        worker: usize,
    },
    /// A purge run or a DELETE ends here, without a trace.
    Crash {
        /// The worker, of those that are alive.
        worker: usize,
    },
    /// A purge run is paused for so long that its lease can expire.
    Stall {
        /// The worker, of those that are alive.
        worker: usize,
    },
    /// Every edge has carried out an invalidation.
    CompleteInvalidation {
        /// The invalidation, of CloudFront's list.
        invalidation: usize,
    },
    /// image-processing that has read old data stores its variant.
    ImageProcessingStores {
        /// The pack.
        pack: usize,
        /// The version of the data.
        data: u8,
    },
    /// An edge that got a response with old data stores it.
    EdgeStores {
        /// The pack.
        pack: usize,
        /// The version of the data.
        data: u8,
    },
    /// The clock advances by a tick.
    Tick,
}
