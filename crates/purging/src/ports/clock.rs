//! The clock.

use std::time::Duration;

use domain::Timestamp;

/// The clock.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// The time since an arbitrary start, for measuring durations. Unlike [`Clock::now`], it never goes back and no
    /// correction of the machine's clock changes it.
    fn monotonic(&self) -> Duration;

    /// Waits for `duration`.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send;
}
