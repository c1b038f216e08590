//! The event bus.

use crate::ports::CallError;
use crate::purge_completed::PurgeCompleted;

/// The event bus.
pub trait EventBus: Send + Sync {
    /// The most events of one call, at least 1.
    fn events_max(&self) -> usize;

    /// Publishes at most [`Self::events_max`] events in one call. Returns the result of each, in their order. An error of
    /// the kind `Rejected` would come again for the same event.
    fn publish(
        &self,
        events: &[&PurgeCompleted],
    ) -> impl Future<Output = Result<Vec<Result<(), CallError>>, CallError>> + Send;
}
