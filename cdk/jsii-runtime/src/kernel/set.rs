//! `set` and `sset`: write a property.

use serde_json::{Value, json};

use super::session::request;
use crate::{Handle, Object, Result, ToJs};

/// `object.property = value`.
#[track_caller]
pub fn set(object: &Object, property: &str, value: &Value) -> Result<()> {
    let message = json!({ "api": "set", "objref": object.to_js(), "property": property, "value": value });
    let call = format!("{}.{property} =", object.class());
    request(None, &call, &message).map(drop)
}

/// `T.property = value`.
#[track_caller]
pub fn set_static<T: Handle>(property: &str, value: &Value) -> Result<()> {
    let message = json!({ "api": "sset", "fqn": T::FQN, "property": property, "value": value });
    let call = format!("{}.{property} =", T::FQN);
    request(T::MODULE, &call, &message).map(drop)
}
