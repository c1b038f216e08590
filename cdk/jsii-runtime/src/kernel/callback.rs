//! `callback`: JavaScript calls a member that is implemented in Rust.
//!
//! The kernel waits for the `complete` message, and accepts requests until then: a callback may call JavaScript.

use std::any::Any;
use std::cell::RefCell;
use std::error::Error as StdError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::{Error, FromJs, Result};

/// The result of a member that is implemented in Rust. JavaScript throws its error, with the error's text as the message.
pub type CallbackResult<T> = std::result::Result<T, Box<dyn StdError>>;

/// A member of an interface or class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Member<'a> {
    /// A call of a method.
    Method(&'a str),
    /// A read of a property.
    Get(&'a str),
    /// A write of a property.
    Set(&'a str),
}

/// The arguments of a callback, in their order.
#[derive(Debug)]
pub struct Arguments {
    object: Value,
    values: std::vec::IntoIter<Value>,
}

impl Arguments {
    /// The object whose member is called.
    pub fn object<T: FromJs>(&self) -> Result<T> {
        T::from_js(self.object.clone())
    }

    /// The next argument; an absent one is undefined.
    pub fn take<T: FromJs>(&mut self) -> Result<T> {
        T::from_js(self.values.next().unwrap_or_default())
    }

    /// The arguments that are left: those of a variadic parameter.
    pub fn rest<T: FromJs>(&mut self) -> Result<Vec<T>> {
        self.values.by_ref().map(T::from_js).collect()
    }
}

/// The members of one object, as a function.
pub(super) type Members = Rc<dyn Fn(Member<'_>, &mut Arguments) -> CallbackResult<Value>>;

thread_local! {
    /// The members of this thread's objects. The index of an object's is their cookie. The kernel keeps each object until it
    /// ends, so none is removed.
    static MEMBERS: RefCell<Vec<Members>> = const { RefCell::new(Vec::new()) };
}

/// Adds an object's members, and returns their cookie.
pub(super) fn register(members: Members) -> Result<String> {
    let add = |all: &RefCell<Vec<Members>>| {
        let mut all = all.borrow_mut();
        all.push(members);
        (all.len() - 1).to_string()
    };
    MEMBERS.try_with(add).map_err(|_| Error::ThreadEnding)
}

/// Carries out a callback, and returns the `complete` message. A panic is an error in JavaScript, too: without a
/// response the kernel, and so its caller, would wait for ever.
pub(super) fn complete(mut callback: Value) -> Value {
    let id = callback["cbid"].take();
    let result = catch_unwind(AssertUnwindSafe(|| carry_out(&callback)));
    match result {
        Ok(Ok(Value::Null)) => json!({ "complete": { "cbid": id } }),
        Ok(Ok(value)) => json!({ "complete": { "cbid": id, "result": value } }),
        Ok(Err(error)) => json!({ "complete": { "cbid": id, "err": thrown(&error.to_string()) } }),
        Err(panic) => json!({ "complete": { "cbid": id, "err": format!("panicked: {}", text_of(&*panic)) } }),
    }
}

/// The message that JavaScript throws. The kernel takes an empty one for no error.
fn thrown(message: &str) -> &str {
    if message.is_empty() { "an error without a message" } else { message }
}

fn carry_out(callback: &Value) -> CallbackResult<Value> {
    let cookie = callback["cookie"].as_str().and_then(|cookie| cookie.parse::<usize>().ok());
    let find = |all: &RefCell<Vec<Members>>| all.borrow().get(cookie?).cloned();
    let members = MEMBERS
        .try_with(find)
        .map_err(|_| Error::ThreadEnding)?
        .ok_or_else(|| format!("no object of this thread has the callback {callback}"))?;
    let (member, mut arguments) =
        member_of(callback).ok_or_else(|| format!("{callback} is no call, no read and no write"))?;
    members(member, &mut arguments)
}

/// The member that a callback concerns, and the arguments.
fn member_of(callback: &Value) -> Option<(Member<'_>, Arguments)> {
    let arguments = |message: &Value, values: Vec<Value>| Arguments {
        object: message["objref"].clone(),
        values: values.into_iter(),
    };
    if let Some(call) = callback.get("invoke") {
        let values = call["args"].as_array().cloned().unwrap_or_default();
        return Some((Member::Method(call["method"].as_str()?), arguments(call, values)));
    }
    if let Some(read) = callback.get("get") {
        return Some((Member::Get(read["property"].as_str()?), arguments(read, Vec::new())));
    }
    let write = callback.get("set")?;
    Some((Member::Set(write["property"].as_str()?), arguments(write, vec![write["value"].clone()])))
}

/// The message of a panic.
fn text_of(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error that JavaScript gets for `callback`.
    fn check_rejected(callback: Value, expected: &str) {
        let complete = complete(callback);
        assert_eq!(complete["complete"]["cbid"], "c1", "{complete}");
        let error = complete["complete"]["err"].as_str().unwrap();
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn a_callback_that_no_object_of_the_thread_has_is_rejected_instead_of_waiting_for_ever() {
        let invoke = json!({ "method": "visit", "args": [] });
        check_rejected(json!({ "cbid": "c1", "cookie": "0", "invoke": invoke }), "no object of this thread");
        check_rejected(json!({ "cbid": "c1", "cookie": "visit", "invoke": invoke }), "no object of this thread");
        check_rejected(json!({ "cbid": "c1", "invoke": invoke }), "no object of this thread");
    }

    #[test]
    fn a_callback_of_another_kind_is_rejected() {
        MEMBERS.with_borrow_mut(|all| all.push(Rc::new(|_, _| Ok(Value::Null))));
        check_rejected(json!({ "cbid": "c1", "cookie": "0", "delete": {} }), "no call, no read and no write");
    }

    #[test]
    fn an_error_without_a_message_is_one_with_a_message() {
        MEMBERS.with_borrow_mut(|all| all.push(Rc::new(|_, _| Err("".into()))));
        let invoke = json!({ "method": "visit", "args": [] });
        check_rejected(json!({ "cbid": "c1", "cookie": "0", "invoke": invoke }), "an error without a message");
    }

    #[test]
    fn a_call_a_read_and_a_write_reach_the_implementation_with_their_arguments() {
        let implementation = |member: Member<'_>, arguments: &mut Arguments| {
            let (first, rest): (Option<f64>, Vec<String>) = (arguments.take()?, arguments.rest()?);
            Ok(json!(format!("{member:?} {first:?} {rest:?}")))
        };
        MEMBERS.with_borrow_mut(|all| all.push(Rc::new(implementation)));
        for (kind, content, expected) in [
            ("invoke", json!({ "method": "add", "args": [1, "a", "b"] }), r#"Method("add") Some(1.0) ["a", "b"]"#),
            ("invoke", json!({ "method": "add" }), r#"Method("add") None []"#),
            ("get", json!({ "property": "sum" }), r#"Get("sum") None []"#),
            ("set", json!({ "property": "sum", "value": 2 }), r#"Set("sum") Some(2.0) []"#),
        ] {
            let complete = complete(json!({ "cbid": "c1", "cookie": "0", kind: content }));
            assert_eq!(complete["complete"]["result"], expected);
        }
    }
}
