//! The checkout that everything is started from.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cause::Cause;

/// A checkout of this repository.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

impl Checkout {
    /// The checkout around `from`: the nearest folder with a `package.json`.
    pub fn find(from: &Path) -> Result<Self, Cause> {
        let root = from.ancestors().find(|folder| folder.join("package.json").is_file()).ok_or_else(|| {
            let from = from.display();
            format!("{from} is not inside a checkout (no package.json in it or above it); change into the checkout")
        })?;
        Ok(Self { root: root.to_owned() })
    }

    /// The top folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The Python that has `MiniStack`.
    pub fn python(&self) -> Result<PathBuf, Cause> {
        self.tool(".venv/bin/python")
    }

    /// The CDK command line.
    pub fn cdk(&self) -> Result<PathBuf, Cause> {
        self.tool("node_modules/.bin/cdk")
    }

    /// `PATH` with the checkout's own tools (the pinned Node, cargo-lambda) before everything else.
    pub fn tool_path(&self) -> Result<OsString, Cause> {
        let own = [self.root.join("node_modules/.bin"), self.root.join(".venv/bin")];
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        Ok(std::env::join_paths(own.into_iter().chain(std::env::split_paths(&inherited)))?)
    }

    fn tool(&self, path: &str) -> Result<PathBuf, Cause> {
        let tool = self.root.join(path);
        if tool.exists() { Ok(tool) } else { Err(format!("{} is missing; run `make setup`", tool.display()).into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_found_from_any_folder_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("tools/dev");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        assert_eq!(Checkout::find(&inside).unwrap().root(), folder.path());
    }

    #[test]
    fn without_a_checkout_or_its_tools_the_error_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = Checkout::find(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("change into the checkout"), "{error}");
        let error = Checkout { root: folder.path().to_owned() }.python().unwrap_err().to_string();
        assert!(error.ends_with(".venv/bin/python is missing; run `make setup`"), "{error}");
    }
}
