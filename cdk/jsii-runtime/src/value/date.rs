//! Points in time.

use serde_json::{Value, json};

use super::from_js::mismatch;
use crate::{FromJs, IntoJs, Result, ToJs};

/// The wire key of a date.
const DATE: &str = "$jsii.date";

/// A point in time as ISO 8601 text, the argument of JavaScript's `Date`, e.g. `2024-05-01T12:00:00.000Z`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Date(pub String);

impl ToJs for Date {
    fn to_js(&self) -> Value {
        json!({ DATE: self.0 })
    }
}

impl IntoJs<Date> for Date {
    fn into_js(self) -> Result<Value> {
        Ok(self.to_js())
    }
}

impl IntoJs<Value> for Date {
    fn into_js(self) -> Result<Value> {
        Ok(self.to_js())
    }
}

impl FromJs for Date {
    fn from_js(value: Value) -> Result<Self> {
        match value.get(DATE).and_then(Value::as_str) {
            Some(text) => Ok(Self(text.to_owned())),
            None => mismatch("a date", &value),
        }
    }
}
