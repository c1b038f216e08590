//! The publisher: from the writes of the purge ledger to the event bus.
//!
//! The ledger is the outbox of the events: a purge run marks a row completed, and the ledger's stream delivers that write
//! until its event is published, at least once. A purge run waits for none of it.

use crate::ports::{CallErrorKind, EventBus};
use crate::purge_completed::PurgeCompleted;

/// A completed purge, and the sequence number of its write in the ledger's stream.
#[derive(Debug, Clone)]
pub struct CompletedPurge {
    /// The sequence number.
    pub sequence: String,
    /// The event.
    pub event: PurgeCompleted,
}

/// Publishes `purges` on `bus`, in their order. Returns the sequence number of the first one whose write must be delivered
/// again, with all behind it.
///
/// An event that the bus rejects for good is logged and delays no other: the ledger still has its purge.
pub async fn publish<'a>(bus: &impl EventBus, purges: &'a [CompletedPurge]) -> Option<&'a str> {
    for batch in purges.chunks(bus.events_max()) {
        let events: Vec<_> = batch.iter().map(|purge| &purge.event).collect();
        let results = match bus.publish(&events).await {
            Ok(results) => results,
            Err(error) => batch.iter().map(|_| Err(error.clone())).collect(),
        };
        for (CompletedPurge { sequence, event }, result) in batch.iter().zip(results) {
            let PurgeCompleted { tenant, target, purge, is_final, correlation_id, .. } = event;
            match result {
                Ok(()) => tracing::info!(
                    %tenant, %target, is_final, correlation_id, "The event of a completed purge is published."
                ),
                Err(error) if error.kind() == CallErrorKind::Rejected => tracing::error!(
                    %error, %tenant, purge, "The event bus rejects the event of a completed purge. It is not published."
                ),
                Err(error) => {
                    tracing::warn!(
                        %error, %tenant, purge, "The event of a completed purge is not published yet; it is delivered again."
                    );
                    return Some(sequence);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests;
