//! The logs, the configuration and the summary of one run, in `target/run` or in a folder beside it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::cause::{Cause, Context as _};
use crate::checkout::Checkout;

/// The locked folder of this run: one run of each name at a time in a checkout.
#[derive(Debug)]
pub struct RunDir {
    path: PathBuf,
    // The lock ends with the file, and so with this program however it ends.
    _lock: File,
}

impl RunDir {
    /// Locks the folder `target/<name>` for this run and empties it.
    pub fn take(checkout: &Checkout, name: &str) -> Result<Self, Cause> {
        let path = checkout.root().join("target").join(name);
        std::fs::create_dir_all(checkout.root().join("target"))?;
        let lock = File::options().create(true).write(true).truncate(false).open(path.with_extension("lock"))?;
        let in_use = format!("another `make run`, `make dev` or test uses {}; end it first", path.display());
        lock.try_lock().context(in_use)?;
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
        let first = RunDir::take(&checkout, "run").unwrap();
        let error = RunDir::take(&checkout, "run").unwrap_err().to_string();
        assert!(error.starts_with("another `make run`"), "{error}");
        drop(first);
        assert!(RunDir::take(&checkout, "run").is_ok());
    }

    #[test]
    fn runs_of_different_names_can_be_made_at_the_same_time() {
        let (_folder, checkout) = checkout();
        let one = RunDir::take(&checkout, "run").unwrap();
        let other = RunDir::take(&checkout, "run-alarms").unwrap();
        assert_ne!(one.path(), other.path());
    }

    #[test]
    fn files_of_an_earlier_run_are_removed() {
        let (_folder, checkout) = checkout();
        let path = RunDir::take(&checkout, "run").unwrap().path().join("summary.json");
        std::fs::write(&path, "{}").unwrap();
        let _run_dir = RunDir::take(&checkout, "run").unwrap();
        assert!(!path.exists());
    }
}
