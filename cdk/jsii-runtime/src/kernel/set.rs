//! `set`: writes a property.

use serde_json::{Value, json};

use super::session::request;
use crate::{Object, Result, ToJs};

/// `object.property = value`.
#[track_caller]
pub fn set(object: &Object, property: &str, value: &Value) -> Result<()> {
    let message = json!({ "api": "set", "objref": object.to_js(), "property": property, "value": value });
    let call = format!("{}.{property} =", object.class());
    request(None, &call, &message).map(drop)
}
