//! `get` and `sget`: read a property.

use serde_json::{Value, json};

use super::session::request;
use crate::{FromJs, Handle, Object, Result, ToJs};

/// `object.property`.
#[track_caller]
pub fn get<R: FromJs>(object: &Object, property: &str) -> Result<R> {
    let message = json!({ "api": "get", "objref": object.to_js(), "property": property });
    let call = format!("{}.{property}", object.class());
    R::from_js(value_of(request(None, &call, &message)?))
}

/// `T.property`.
#[track_caller]
pub fn get_static<T: Handle, R: FromJs>(property: &str) -> Result<R> {
    let message = json!({ "api": "sget", "fqn": T::FQN, "property": property });
    let call = format!("{}.{property}", T::FQN);
    R::from_js(value_of(request(T::MODULE, &call, &message)?))
}

/// The response is `{"value": …}`, or `{}` for undefined.
fn value_of(mut response: Value) -> Value {
    response.get_mut("value").map(Value::take).unwrap_or_default()
}
