//! `create`: calls a constructor.

use serde_json::{Value, json};

use super::session::{load, request};
use crate::{FromJs, Handle, Module, Object, Result};

/// `new T(...args)`.
#[track_caller]
pub fn create<T: Handle>(args: &[Value]) -> Result<T> {
    create_overridden(args, &[], &[])
}

/// `new T(...args)`. Then the kernel replaces members of the new object by callbacks. `interfaces` are those that the object
/// implements besides those of its class.
#[track_caller]
pub(super) fn create_overridden<T: Handle>(
    args: &[Value],
    interfaces: &[(&str, Option<&'static Module>)],
    overrides: &[Value],
) -> Result<T> {
    let mut message = json!({ "api": "create", "fqn": T::FQN, "args": args, "overrides": overrides });
    if !interfaces.is_empty() {
        interfaces.iter().filter_map(|(_, module)| *module).try_for_each(load)?;
        message["interfaces"] = interfaces.iter().map(|(fqn, _)| *fqn).collect();
    }
    let call = format!("new {}", T::FQN);
    Object::from_js(request(T::MODULE, &call, &message)?).map(T::from_object)
}
