//! Builders: a structure that becomes the last argument of a constructor.

use serde_json::Value;

use crate::{Handle, IntoJs, Overrides, Result};

/// The arguments of a constructor before its structure. The structure has them as its parameter, so that the setters of
/// the structure are those of the builder, too.
#[derive(Debug)]
pub struct Creation<T> {
    arguments: Result<Vec<Value>>,
    overrides: Overrides<T>,
}

impl<T: Handle> Creation<T> {
    /// A creation with these arguments. The first error among them is returned by [`build`](Self::build).
    #[must_use]
    pub fn new(arguments: impl IntoIterator<Item = Result<Value>>) -> Self {
        Self { arguments: arguments.into_iter().collect(), overrides: Overrides::default() }
    }

    /// The same creation, of an object with members that Rust overrides.
    #[must_use]
    pub fn overriding(self, overrides: Overrides<T>) -> Self {
        Self { overrides, ..self }
    }

    /// Calls the constructor with the arguments and `structure`.
    #[track_caller]
    pub fn build<S: IntoJs<S>>(self, structure: S) -> Result<T> {
        let mut arguments = self.arguments?;
        arguments.push(structure.into_js()?);
        self.overrides.create(&arguments)
    }
}
