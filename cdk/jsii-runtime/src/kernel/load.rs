//! `load`: loads the classes of a module.

use serde_json::{Value, json};

use crate::modules::{Installation, stub_of};
use crate::{Module, Result};

/// The request to load a module from its stub.
pub(super) fn message(module: &'static Module, installation: &Installation) -> Result<Value> {
    Ok(json!({
        "api": "load",
        "name": module.name,
        "version": module.version,
        "tarball": stub_of(module, installation)?,
    }))
}
