//! The dead-letter queue.

use purging::ports::{CallError, DeadLetters};
use serde_json::Value;

use crate::lambda::Instance;

/// The dead-letter queue.
#[derive(Debug, Default)]
pub(crate) struct DeadLetterQueue {
    /// The payloads of the dead letters.
    pub(crate) kept: Vec<Value>,
}

impl DeadLetters for Instance {
    async fn keep(&self, source: &str, reason: &str, payload: &Value) -> Result<(), CallError> {
        let payload = payload.clone();
        let what = format!("keeps a dead letter of {source} ({reason})");
        self.call(what, move |world| world.dead_letters.kept.push(payload.clone())).await
    }
}
