//! `hello`: the kernel's first message.

use serde_json::Value;

use crate::{Error, Result};

/// The major and the minor version of the oldest kernel that is accepted: the one that this crate is tested with. An
/// older one may not know the features of the assemblies.
const OLDEST: (u32, u32) = (1, 140);

/// Checks the greeting, e.g. `{"hello":"@jsii/runtime@1.140.0"}`.
pub(super) fn expect(message: &Value) -> Result<()> {
    let protocol = || Error::Protocol { line: message.to_string() };
    let kernel = message.get("hello").and_then(Value::as_str).ok_or_else(protocol)?;
    if version(kernel).ok_or_else(protocol)? >= OLDEST {
        return Ok(());
    }
    Err(Error::KernelTooOld { found: kernel.to_owned(), oldest: format!("{}.{}", OLDEST.0, OLDEST.1) })
}

/// The major and the minor version of `<package>@<version>`.
fn version(kernel: &str) -> Option<(u32, u32)> {
    let mut numbers = kernel.rsplit_once('@')?.1.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
