//! Builders: a structure that becomes the last argument of a constructor.

use std::marker::PhantomData;

use serde_json::Value;

use crate::{Handle, IntoJs, Result, create};

/// The arguments of a constructor before its structure. The structure has them as its parameter, so that the setters of
/// the structure are those of the builder, too.
#[derive(Debug)]
pub struct Creation<T> {
    arguments: Result<Vec<Value>>,
    class: PhantomData<T>,
}

impl<T: Handle> Creation<T> {
    /// A creation with these arguments. The first error among them is returned by [`build`](Self::build).
    #[must_use]
    pub fn new(arguments: impl IntoIterator<Item = Result<Value>>) -> Self {
        Self { arguments: arguments.into_iter().collect(), class: PhantomData }
    }

    /// Calls the constructor with the arguments and `structure`.
    #[track_caller]
    pub fn build<S: IntoJs<S>>(self, structure: S) -> Result<T> {
        let mut arguments = self.arguments?;
        arguments.push(structure.into_js()?);
        create(&arguments)
    }
}
