//! `callback`: JavaScript calls a method that the host language implements.
//!
//! Nothing is implemented in Rust, so no object invites callbacks. Should one come nevertheless, it is completed with
//! an error: the kernel waits for the response, and its caller for the kernel.

use serde_json::{Value, json};

/// The `complete` message that makes the callback throw.
pub(super) fn reject(callback: &Value) -> Value {
    json!({
        "complete": {
            "cbid": callback.get("cbid"),
            "err": "JavaScript called a method implemented in Rust; these bindings implement none",
        }
    })
}
