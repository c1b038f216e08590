//! `invoke` and `sinvoke`: call a method.

use serde_json::{Value, json};

use super::session::request;
use crate::{FromJs, Handle, Object, Result, ToJs};

/// `object.method(...args)`.
#[track_caller]
pub fn invoke<R: FromJs>(object: &Object, method: &str, args: &[Value]) -> Result<R> {
    let message = json!({ "api": "invoke", "objref": object.to_js(), "method": method, "args": args });
    let call = format!("{}.{method}()", object.class());
    R::from_js(result_of(request(None, &call, &message)?))
}

/// `T.method(...args)`.
#[track_caller]
pub fn invoke_static<T: Handle, R: FromJs>(method: &str, args: &[Value]) -> Result<R> {
    let message = json!({ "api": "sinvoke", "fqn": T::FQN, "method": method, "args": args });
    let call = format!("{}.{method}()", T::FQN);
    R::from_js(result_of(request(T::MODULE, &call, &message)?))
}

/// The fixed arguments, followed by the elements of `last`, a variadic argument.
#[must_use]
pub fn spread(fixed: &[Value], last: Value) -> Vec<Value> {
    let mut args = fixed.to_vec();
    match last {
        Value::Array(items) => args.extend(items),
        item => args.push(item),
    }
    args
}

/// The response is `{"result": …}`, or `{}` for undefined.
pub(super) fn result_of(mut response: Value) -> Value {
    response.get_mut("result").map(Value::take).unwrap_or_default()
}
