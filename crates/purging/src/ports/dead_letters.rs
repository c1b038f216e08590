//! The dead-letter queue.

use serde_json::Value;

use crate::ports::CallError;

/// The dead-letter queue.
pub trait DeadLetters: Send + Sync {
    /// Stores `payload` with the component that failed to process it and the reason.
    fn keep(&self, source: &str, reason: &str, payload: &Value) -> impl Future<Output = Result<(), CallError>> + Send;
}
