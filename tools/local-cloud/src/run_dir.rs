//! `target/run`: the logs, the configuration and the summary of one run.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::cause::{Cause, Context as _};
use crate::checkout::Checkout;

/// The locked folder of this run: one run at a time in a checkout.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    // The lock ends with the file, and so with this program however it ends.
    _lock: File,
}

impl RunDir {
    /// Locks the folder for this run and empties it.
    pub fn take(checkout: &Checkout) -> Result<Self, Cause> {
        let path = checkout.root().join("target/run");
        std::fs::create_dir_all(checkout.root().join("target"))?;
        let lock = File::options().create(true).write(true).truncate(false).open(path.with_extension("lock"))?;
        lock.try_lock().context("another `make run` or `make dev` uses this checkout; end it first")?;
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).context(format!("{} could not be emptied", path.display()));
            }
            _ => std::fs::create_dir_all(&path)?,
        }
        Ok(Self { path, _lock: lock })
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> (tempfile::TempDir, Checkout) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        let checkout = Checkout::find(folder.path()).unwrap();
        (folder, checkout)
    }

    #[test]
    fn a_second_run_in_the_same_checkout_is_rejected_until_the_first_has_ended() {
        let (_folder, checkout) = checkout();
        let first = RunDir::take(&checkout).unwrap();
        let error = RunDir::take(&checkout).unwrap_err().to_string();
        assert!(error.starts_with("another `make run`"), "{error}");
        drop(first);
        assert!(RunDir::take(&checkout).is_ok());
    }

    #[test]
    fn files_of_an_earlier_run_are_removed() {
        let (_folder, checkout) = checkout();
        let path = RunDir::take(&checkout).unwrap().path().join("summary.json");
        std::fs::write(&path, "{}").unwrap();
        let _run_dir = RunDir::take(&checkout).unwrap();
        assert!(!path.exists());
    }
}
