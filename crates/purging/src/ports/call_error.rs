//! A call to a service that failed.

use std::error::Error;
use std::sync::Arc;

/// A call to a service that failed, after the client's own retries.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{action} failed: {source}")]
pub struct CallError {
    action: String,
    kind: CallErrorKind,
    source: Arc<dyn Error + Send + Sync>,
}

/// The kind of a failure, as far as a caller or an operator acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The service limits the rate of calls: retry later, and less often.
    Throttled,
    /// CloudFront has too many items of the distribution in progress: retry when some are completed.
    TooManyInProgress,
    /// The request has more items than CloudFront accepts: split it.
    BatchTooLarge,
    /// Another transaction on one of the call's items was under way, and DynamoDB cancelled this call. It had no effect:
    /// retry it.
    Conflict,
    /// The function's role lacks a permission.
    Denied,
    /// The table, bucket, queue or distribution does not exist.
    NotFound,
    /// The service did not respond.
    Unreachable,
    /// The request is not valid, or not for this item: the same request will never succeed.
    Rejected,
    /// Any other failure.
    Other,
}

impl CallError {
    /// The failure of `action`, which names the resource; `source` is the client's error.
    pub fn new(action: impl Into<String>, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { action: action.into(), kind: CallErrorKind::Other, source: source.into().into() }
    }

    /// The same failure, of this kind.
    #[must_use]
    pub fn of_kind(self, kind: CallErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// The kind of the failure.
    #[must_use]
    pub fn kind(&self) -> CallErrorKind {
        self.kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_error_keeps_its_kind_and_its_source_and_names_both_action_and_cause() {
        let cause = std::io::Error::other("the network is down");
        let error = CallError::new("reading table packs", cause).of_kind(CallErrorKind::Unreachable);
        assert_eq!(error.to_string(), "reading table packs failed: the network is down");
        assert_eq!(error.kind(), CallErrorKind::Unreachable);
        assert!(error.source().is_some_and(|source| source.to_string() == "the network is down"));
    }
}
