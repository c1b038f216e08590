//! Errors of a benchmark.

use std::error::Error;

/// A benchmark could not run.
#[derive(Debug, thiserror::Error)]
#[error("could not {action}: {source}")]
pub(crate) struct BenchError {
    action: String,
    source: Box<dyn Error + Send + Sync>,
}

/// Names the action that failed.
pub(crate) trait Doing<T> {
    /// `action` completes the sentence "could not …".
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, BenchError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, action: impl FnOnce() -> String) -> Result<T, BenchError> {
        self.map_err(|error| BenchError { action: action(), source: error.into() })
    }
}
