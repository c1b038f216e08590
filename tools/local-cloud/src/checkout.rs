//! Where things are in a checkout.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The checkout that everything is started from.
#[derive(Debug, Clone)]
pub struct Checkout {
    root: PathBuf,
}

/// What a checkout lacks.
#[derive(Debug, thiserror::Error)]
pub enum CheckoutError {
    /// Neither the folder nor one above it holds `package.json`.
    #[error("{} is not inside a checkout (no package.json in it or above it); change into the checkout", .0.display())]
    NotFound(PathBuf),
    /// A tool that `make setup` installs is not there.
    #[error("{} is missing; run `make setup`", .0.display())]
    ToolMissing(PathBuf),
    /// The folders' names can't be put into a `PATH`.
    #[error("a folder of this checkout can't be part of PATH; move the checkout to a path without ':'")]
    Path(#[from] std::env::JoinPathsError),
}

impl Checkout {
    /// The checkout that `from` is inside of: the nearest folder that holds `package.json`.
    pub fn find(from: &Path) -> Result<Self, CheckoutError> {
        from.ancestors()
            .find(|folder| folder.join("package.json").is_file())
            .map(|root| Self { root: root.to_owned() })
            .ok_or_else(|| CheckoutError::NotFound(from.to_owned()))
    }

    /// The top folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a run leaves its logs, its configuration and `summary.json`.
    #[must_use]
    pub fn run_dir(&self) -> PathBuf {
        self.root.join("target/run")
    }

    /// The configuration of the environment that is deployed locally.
    #[must_use]
    pub fn environment_file(&self) -> PathBuf {
        self.root.join("cdk/environments/dev.toml")
    }

    /// The Python that `MiniStack` is installed for.
    pub fn python(&self) -> Result<PathBuf, CheckoutError> {
        self.tool(".venv/bin/python")
    }

    /// The CDK command line.
    pub fn cdk(&self) -> Result<PathBuf, CheckoutError> {
        self.tool("node_modules/.bin/cdk")
    }

    /// `PATH` with the checkout's own tools (the pinned Node, cargo-lambda) before everything else.
    pub fn tool_path(&self) -> Result<OsString, CheckoutError> {
        let own = [self.root.join("node_modules/.bin"), self.root.join(".venv/bin")];
        let inherited = std::env::var_os("PATH").unwrap_or_default();
        Ok(std::env::join_paths(own.into_iter().chain(std::env::split_paths(&inherited)))?)
    }

    fn tool(&self, path: &str) -> Result<PathBuf, CheckoutError> {
        let tool = self.root.join(path);
        if tool.exists() { Ok(tool) } else { Err(CheckoutError::ToolMissing(tool)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_found_from_any_folder_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("tools/run");
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::write(folder.path().join("package.json"), "{}").unwrap();
        assert_eq!(Checkout::find(&inside).unwrap().root(), folder.path());
    }

    #[test]
    fn outside_a_checkout_and_without_its_tools_the_error_says_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let error = Checkout::find(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("change into the checkout"), "{error}");
        let error = Checkout { root: folder.path().to_owned() }.python().unwrap_err().to_string();
        assert!(error.ends_with(".venv/bin/python is missing; run `make setup`"), "{error}");
    }
}
