//! The error of the local deployment and of its tests: any error, with the action that it prevented.

use std::error::Error;

/// Any error, with its causes.
pub type Cause = Box<dyn Error + Send + Sync>;

#[derive(Debug, thiserror::Error)]
#[error("{action}")]
struct ActionError {
    action: String,
    source: Cause,
}

/// Adds the failed action to an error.
pub trait Context<T> {
    /// The same result; an error is preceded by `action`.
    fn context(self, action: impl Into<String>) -> Result<T, Cause>;
}

impl<T, E: Into<Cause>> Context<T> for Result<T, E> {
    fn context(self, action: impl Into<String>) -> Result<T, Cause> {
        self.map_err(|error| ActionError { action: action.into(), source: error.into() }.into())
    }
}

/// An error and its causes, the last cause last.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
