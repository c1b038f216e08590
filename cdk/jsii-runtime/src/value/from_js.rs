//! Conversion of results to Rust values.

use indexmap::IndexMap;
use serde_json::Value;

use crate::{Error, Handle, Object, Result};

/// A value that JavaScript can return.
pub trait FromJs: Sized {
    /// Parses the wire format.
    fn from_js(value: Value) -> Result<Self>;
}

/// Parses an object of the type `T`, one of the types of a union.
pub fn object_from_js<T: Handle>(value: Value) -> Result<T> {
    Object::from_js(value)?.cast()
}

/// The error of a value of another type.
pub(crate) fn mismatch<T>(expected: &'static str, found: &Value) -> Result<T> {
    Err(Error::Decode { expected, found: found.to_string() })
}

impl FromJs for () {
    /// Ignores the result of a void method.
    fn from_js(_: Value) -> Result<Self> {
        Ok(())
    }
}

impl FromJs for bool {
    fn from_js(value: Value) -> Result<Self> {
        match value {
            Value::Bool(flag) => Ok(flag),
            other => mismatch("a boolean", &other),
        }
    }
}

impl FromJs for f64 {
    fn from_js(value: Value) -> Result<Self> {
        match value.as_f64() {
            Some(number) => Ok(number),
            None => mismatch("a number", &value),
        }
    }
}

impl FromJs for String {
    fn from_js(value: Value) -> Result<Self> {
        match value {
            Value::String(text) => Ok(text),
            other => mismatch("a string", &other),
        }
    }
}

impl FromJs for Value {
    fn from_js(value: Value) -> Result<Self> {
        Ok(value)
    }
}

impl<T: FromJs> FromJs for Option<T> {
    fn from_js(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(None),
            some => T::from_js(some).map(Some),
        }
    }
}

impl<T: FromJs> FromJs for Vec<T> {
    fn from_js(value: Value) -> Result<Self> {
        match value {
            Value::Array(items) => items.into_iter().map(T::from_js).collect(),
            other => mismatch("an array", &other),
        }
    }
}

impl<T: FromJs> FromJs for IndexMap<String, T> {
    fn from_js(mut value: Value) -> Result<Self> {
        match value.get_mut("$jsii.map").map(Value::take) {
            Some(Value::Object(entries)) => {
                entries.into_iter().map(|(key, value)| Ok((key, T::from_js(value)?))).collect()
            }
            _ => mismatch("a map", &value),
        }
    }
}
