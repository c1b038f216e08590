//! The folder of files that are derived from this crate and from the packages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A folder for derived files: the kernel, the stubs, and what the kernel itself stores.
#[derive(Debug)]
pub(super) struct Cache {
    folder: PathBuf,
    /// Deletes the folder when it is dropped.
    temporary: Option<TempDir>,
}

impl Cache {
    /// The folder `.cache/jsii-runtime` beside the packages, which `npm ci` deletes with them, or a temporary one if
    /// that cannot be created.
    pub(super) fn beside(node_modules: &Path) -> io::Result<Self> {
        let folder = node_modules.join(".cache/jsii-runtime");
        if fs::create_dir_all(&folder).is_ok() {
            return Ok(Self { folder, temporary: None });
        }
        let temporary = tempfile::tempdir()?;
        Ok(Self { folder: temporary.path().to_owned(), temporary: Some(temporary) })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}
