//! The interface for build scripts.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::installed::{Installed, NODE_MODULES_VARIABLE};
use crate::{Error, Generated, Package, generate};

/// The module that `jsii_runtime::include_bindings!` defines.
const PATH: &str = "crate::generated";

/// The bindings of a crate, for its build script:
///
/// ```no_run
/// jsii_bindgen::Bindings::new()
///     .top_level("aws-cdk-lib")
///     .roots(["aws-cdk-lib.App", "aws-cdk-lib.aws_s3.Bucket"])
///     .write();
/// ```
///
/// The crate includes them by `jsii_runtime::include_bindings!()`. The packages of the roots and their dependencies are
/// found as Node finds them: in the folders `node_modules` beside a file of roots and above, then beside `Cargo.toml` and
/// above. Cargo stores the sources of a downloaded crate outside of the project, so that only the file of roots leads to the
/// project's packages. The environment variable `JSII_NODE_MODULES` names another folder.
#[derive(Clone, Debug, Default)]
pub struct Bindings {
    roots: Vec<String>,
    roots_files: Vec<PathBuf>,
    packages: Vec<String>,
    top_level: Option<String>,
    node_modules: Option<PathBuf>,
}

impl Bindings {
    /// Bindings without types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds types, by fully qualified names such as `aws-cdk-lib.aws_s3.Bucket`, and all types that they reference.
    ///
    /// An interface among them can be implemented in Rust, and a class after the word `override` overridden.
    #[must_use]
    pub fn roots<T: Into<String>>(mut self, roots: impl IntoIterator<Item = T>) -> Self {
        self.roots.extend(roots.into_iter().map(Into::into));
        self
    }

    /// Adds the roots in a file, one for each line. Lines that begin with `#` are comments.
    #[must_use]
    pub fn roots_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.roots_files.push(path.into());
        self
    }

    /// Reads a package that is neither one of a root nor a peer dependency of one.
    #[must_use]
    pub fn package(mut self, name: impl Into<String>) -> Self {
        self.packages.push(name.into());
        self
    }

    /// Defines the types of a package at the top level, and not in a module with the package's name.
    #[must_use]
    pub fn top_level(mut self, package: impl Into<String>) -> Self {
        self.top_level = Some(package.into());
        self
    }

    /// Finds the packages in this folder only.
    #[must_use]
    pub fn node_modules(mut self, folder: impl Into<PathBuf>) -> Self {
        self.node_modules = Some(folder.into());
        self
    }

    /// The text of the bindings, for a crate that includes it in a module `generated` at its top level.
    ///
    /// # Errors
    ///
    /// A package is not installed or is no jsii module, a file cannot be read, or a root does not exist.
    pub fn text(&self) -> Result<String, Error> {
        self.generate(&mut Vec::new()).map(|generated| generated.text)
    }

    /// Writes the bindings into Cargo's folder for generated files, and has Cargo generate them again when a package, a
    /// file of roots or the environment variable changes. An error becomes one of the build.
    pub fn write(&self) {
        let mut inputs = Vec::new();
        let result = self.generate(&mut inputs).and_then(|generated| write(&generated));
        println!("cargo::rerun-if-env-changed={NODE_MODULES_VARIABLE}");
        for path in inputs {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        if let Err(error) = result {
            println!("cargo::error={error}");
        }
    }

    /// Generates the bindings, and notes the files that it depends on.
    fn generate(&self, inputs: &mut Vec<PathBuf>) -> Result<Generated, Error> {
        let mut roots = self.roots.clone();
        for path in &self.roots_files {
            inputs.push(path.clone());
            roots.extend(read_roots(path)?);
        }
        let installed = Installed::find(self.node_modules.as_deref(), &self.folders());
        let mut packages = installed.packages(&roots, &self.packages)?;
        for Package { folder, module } in &mut packages {
            inputs.extend(files(folder));
            *module = self.module_of(module);
        }
        let roots: Vec<&str> = roots.iter().map(String::as_str).collect();
        generate(&packages, &roots, PATH)
    }

    /// The folders beside which packages may be installed.
    fn folders(&self) -> Vec<PathBuf> {
        let files = self.roots_files.iter().filter_map(|path| Some(path.canonicalize().ok()?.parent()?.to_owned()));
        let manifest = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).or_else(|| env::current_dir().ok());
        files.chain(manifest).collect()
    }

    fn module_of(&self, package: &str) -> String {
        if self.top_level.as_deref() == Some(package) {
            return String::new();
        }
        package.trim_start_matches('@').to_owned()
    }
}

fn read_roots(path: &Path) -> Result<Vec<String>, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Unreadable { path: path.to_owned(), source })?;
    let roots = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(roots.map(ToOwned::to_owned).collect())
}

/// The files of a package that the bindings depend on. Cargo runs the script on each build if one does not exist.
fn files(package: &Path) -> impl Iterator<Item = PathBuf> {
    [".jsii", ".jsii.gz", "package.json"].into_iter().map(|name| package.join(name)).filter(|path| path.is_file())
}

fn write(generated: &Generated) -> Result<(), Error> {
    generated.write(Path::new(&env::var_os("OUT_DIR").ok_or(Error::NoBuildScript)?))
}
