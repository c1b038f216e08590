//! Values without type checks.

use serde_json::Value;

use crate::{Handle, IntoJs, Result, ToJs};

/// A value that is accepted as any type without a check.
///
/// Most properties of CloudFormation resources accept a token (an `IResolvable`, resolved at deployment) besides their
/// own type. The bindings require the own type; pass a token as `Unchecked::from(&token)`. The kernel rejects a value
/// that JavaScript does not accept.
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
    fn into_js(self) -> Result<Value> {
        Ok(self.0)
    }
}
