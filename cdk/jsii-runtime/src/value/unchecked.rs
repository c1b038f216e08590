//! A way around the types.

use serde_json::Value;

use crate::{Handle, IntoJs, ToJs};

/// A value that Rust doesn't check and that can be given for anything.
///
/// Most properties of CloudFormation resources accept a token (an `IResolvable`, resolved at deployment) beside their
/// own type. The bindings require the own type; a token is given as `Unchecked::from(&token)`. Where JavaScript accepts
/// no such thing, the kernel rejects it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unchecked(Value);

impl<O: Handle> From<&O> for Unchecked {
    fn from(handle: &O) -> Self {
        Self(handle.object().to_js())
    }
}

impl From<Value> for Unchecked {
    fn from(value: Value) -> Self {
        Self(value)
    }
}

impl<T> IntoJs<T> for Unchecked {
    fn into_js(self) -> Value {
        self.0
    }
}
