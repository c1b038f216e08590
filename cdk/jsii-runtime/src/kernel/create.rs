//! `create`: calls a constructor.

use serde_json::{Value, json};

use super::session::request;
use crate::{FromJs, Handle, Object, Result};

/// `new T(...args)`.
#[track_caller]
pub fn create<T: Handle>(args: &[Value]) -> Result<T> {
    let message = json!({ "api": "create", "fqn": T::FQN, "args": args });
    let call = format!("new {}", T::FQN);
    Object::from_js(request(T::MODULE, &call, &message)?).map(T::from_object)
}
