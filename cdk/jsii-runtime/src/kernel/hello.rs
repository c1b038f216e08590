//! `hello`: the kernel's first message.

use serde_json::Value;

use crate::{Error, Result};

/// Checks the greeting, e.g. `{"hello":"@jsii/runtime@1.140.0"}`.
pub(super) fn expect(message: &Value) -> Result<()> {
    match message.get("hello") {
        Some(Value::String(_)) => Ok(()),
        _ => Err(Error::Protocol { line: message.to_string() }),
    }
}
