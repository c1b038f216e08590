//! `callback`: JavaScript calls a method that the host language implements.
//!
//! Nothing is implemented in Rust, so no object invites callbacks. Should one come nevertheless, it is answered with
//! an error: the kernel waits for the answer, and its caller for the kernel.

use serde_json::{Value, json};

/// The `complete` message that makes the callback throw.
pub(super) fn refuse(callback: &Value) -> Value {
    json!({
        "complete": {
            "cbid": callback.get("cbid"),
            "err": "JavaScript asked for a method implemented in Rust; these bindings implement none",
        }
    })
}
