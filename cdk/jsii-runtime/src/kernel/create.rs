//! `create`: calls a constructor.

use serde_json::{Value, json};

use super::session::request;
use crate::{FromJs, Handle, Object, Result};

/// `new T(...args)`.
#[track_caller]
pub fn create<T: Handle>(args: &[Value]) -> Result<T> {
    create_overridden(args, &[])
}

/// `new T(...args)`. Then the kernel replaces members of the new object by callbacks.
#[track_caller]
pub(super) fn create_overridden<T: Handle>(args: &[Value], overrides: &[Value]) -> Result<T> {
    let message = json!({ "api": "create", "fqn": T::FQN, "args": args, "overrides": overrides });
    let call = format!("new {}", T::FQN);
    Object::from_js(request(T::MODULE, &call, &message)?).map(T::from_object)
}
