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
    /// An admin's POST enqueues the pack, or joins the manual purge of it that waits. A purge run does the rest.
    Post {
        /// The pack.
        pack: usize,
    },
    /// The schedule starts a purge run.
    Schedule,
    /// An invocation by a wake-up begins.
    Arrive,
    /// A wake-up makes its next call.
    WakeUp {
        /// The wake-up, of those that are under way.
        waker: usize,
    },
    /// The next call of a wake-up fails.
    FailWakeUp {
        /// The wake-up, of those that are under way.
        waker: usize,
    },
    /// Lambda loses an invocation that it has accepted.
    LoseInvocation,
    /// `invokedAt` is too old to suppress an invocation.
    ExpireInvokedAt,
    /// The lease of a purge run that has crashed expires.
    ExpireLease,
    /// A purge run or a DELETE takes its next step.
    Go {
        /// The worker, of those that are alive.
        worker: usize,
        /// The step.
        step: Step,
    },
    /// A purge run or a DELETE ends here, without a trace.
    Crash {
        /// The worker, of those that are alive.
        worker: usize,
    },
    /// A purge run is paused for so long that its lease expires.
    Stall {
        /// The worker, of those that are alive.
        worker: usize,
    },
    /// Every edge has carried out an invalidation.
    CompleteInvalidation {
        /// The invalidation, of CloudFront's list.
        invalidation: usize,
    },
    /// The program that fills an existing bucket stores a variant that it has rendered from old data.
    StoreVariant {
        /// The pack.
        pack: usize,
        /// The version of the data.
        data: u8,
    },
    /// An edge location that got a response with old data stores it.
    EdgeStores {
        /// The pack.
        pack: usize,
        /// The version of the data.
        data: u8,
    },
    /// The clock advances by a time unit.
    Pass,
}
