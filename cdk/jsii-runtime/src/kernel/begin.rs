//! `begin`, `callbacks`, `complete` and `end`: call an asynchronous method, and wait for its promise.
//!
//! A synchronous callback arrives instead of a response. A call of an asynchronous method that Rust implements waits in the
//! kernel, in a list that `callbacks` returns.

use serde_json::{Value, json};

use super::callback;
use super::invoke::result_of;
use super::session::request;
use crate::{Error, FromJs, Object, Result, ToJs};

/// The value of the promise `object.method(...args)`.
///
/// The calls that wait are carried out before the kernel waits for the promise. One that is made later, after JavaScript
/// has waited for something else than Rust, e.g. a file, cannot be carried out: the call would not end.
#[track_caller]
pub fn invoke_async<R: FromJs>(object: &Object, method: &str, args: &[Value]) -> Result<R> {
    let message = json!({ "api": "begin", "objref": object.to_js(), "method": method, "args": args });
    let call = format!("{}.{method}()", object.class());
    let begun = request(None, &call, &message)?;
    while carry_out_waiting(&call)? {}
    let end = json!({ "api": "end", "promiseid": begun["promiseid"] });
    R::from_js(result_of(request(None, &call, &end)?))
}

/// Carries out the calls that wait. Returns whether there were any: JavaScript may have made others since.
#[track_caller]
fn carry_out_waiting(call: &str) -> Result<bool> {
    let mut response = request(None, call, &json!({ "api": "callbacks" }))?;
    let Some(Value::Array(waiting)) = response.get_mut("callbacks").map(Value::take) else { return Ok(false) };
    let any = !waiting.is_empty();
    for callback in waiting {
        complete(call, callback)?;
    }
    Ok(any)
}

/// Carries out a call that waited, and sends its result. A result that JavaScript rejects becomes an error of the promise,
/// which would otherwise never be settled.
#[track_caller]
fn complete(call: &str, callback: Value) -> Result<()> {
    let (id, method) = (callback["cbid"].clone(), callback["invoke"]["method"].clone());
    let mut message = callback::complete(callback)["complete"].take();
    message["api"] = "complete".into();
    match request(None, call, &message) {
        Err(Error::Thrown { message: rejection, .. }) => {
            let error = format!("{}: {rejection}", method.as_str().unwrap_or_default());
            request(None, call, &json!({ "api": "complete", "cbid": id, "err": error })).map(drop)
        }
        result => result.map(drop),
    }
}
