//! `hello`: the kernel's first message.

use serde_json::Value;

use crate::modules::{Installation, KERNEL_VERSION};
use crate::{Error, Result};

/// Checks the greeting, e.g. `{"hello":"@jsii/runtime@1.140.0"}`.
pub(super) fn expect(message: &Value, installation: &Installation) -> Result<()> {
    match message.get("hello").and_then(Value::as_str) {
        Some(name) if name == format!("@jsii/runtime@{KERNEL_VERSION}") => Ok(()),
        Some(name) => Err(Error::OtherKernel { cache: installation.cache().to_owned(), found: name.to_owned() }),
        None => Err(Error::Protocol { line: message.to_string() }),
    }
}
