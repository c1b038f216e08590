//! `target/run`: one run's logs, configuration and summary.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::checkout::Checkout;

/// The folder of this run, empty at first and locked: one run at a time in a checkout.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    // The lock ends with the file, and so with this program however it ends.
    _lock: File,
}

/// Why the folder can't be used.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// Another program has it.
    #[error("another `make run` or `make dev` is going on in this checkout; end it first")]
    Taken,
    /// The folder could not be emptied or made.
    #[error("{} could not be prepared", path.display())]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RunDir {
    /// Takes the folder for this run and empties it.
    pub fn take(checkout: &Checkout) -> Result<Self, RunDirError> {
        let path = checkout.run_dir();
        let failed = |source| RunDirError::Io { path: path.clone(), source };
        let lock_path = path.with_extension("lock");
        std::fs::create_dir_all(checkout.root().join("target")).map_err(failed)?;
        let lock = File::options().create(true).write(true).truncate(false).open(lock_path).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => RunDirError::Taken,
            TryLockError::Error(source) => failed(source),
        })?;
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => std::fs::create_dir_all(&path).map_err(failed)?,
        }
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
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
        assert!(matches!(RunDir::take(&checkout), Err(RunDirError::Taken)));
        drop(first);
        assert!(RunDir::take(&checkout).is_ok());
    }

    #[test]
    fn what_an_earlier_run_left_is_gone() {
        let (_folder, checkout) = checkout();
        let path = RunDir::take(&checkout).unwrap().path().join("summary.json");
        std::fs::write(&path, "{}").unwrap();
        let _run_dir = RunDir::take(&checkout).unwrap();
        assert!(!path.exists());
    }
}
