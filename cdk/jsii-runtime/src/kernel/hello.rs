//! `hello`: the kernel's first message.

use serde_json::Value;

use crate::{Error, Result};

/// Checks the greeting, e.g. `{"hello":"@jsii/runtime@1.140.0"}`.
pub(super) fn expect(message: &Value) -> Result<()> {
    if message.get("hello").is_some() {
        return Ok(());
    }
    Err(Error::Protocol { line: message.to_string() })
}
