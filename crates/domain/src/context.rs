//! The context of one invocation: time and identity as inputs.

use crate::Timestamp;

/// The context in which a function handles one request: its identity, its time and its deadline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The id of the invocation, as Lambda names it. Unique among invocations; logged and stored, never a secret.
    pub id: String,
    /// The time at which the invocation started.
    pub now: Timestamp,
    /// The time at which Lambda ends the invocation.
    pub deadline: Timestamp,
}
