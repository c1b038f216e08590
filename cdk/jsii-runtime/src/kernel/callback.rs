//! `callback`: JavaScript calls a method that the host language implements.
//!
//! These bindings implement no method, so no object requests callbacks. If one arrives anyway, it is completed with an
//! error; without a response the kernel, and so its caller, would wait for ever.

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
