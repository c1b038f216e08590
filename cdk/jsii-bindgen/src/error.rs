//! The errors of the generator.

use std::path::PathBuf;

/// A failure to generate bindings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A package is not installed.
    #[error(
        "{package}{} is not installed in {}: run `npm install --save-exact {package}{}` beside the file of roots, or set \
         JSII_NODE_MODULES to the folder that has it",
        needed_by.as_deref().map(|by| format!(", which {by} needs,")).unwrap_or_default(),
        searched(folders),
        version.as_deref().map(|version| format!("@'{version}'")).unwrap_or_default()
    )]
    NotInstalled {
        /// Name on npm.
        package: String,
        /// The package that needs it; `None` for the package of a root.
        needed_by: Option<String>,
        /// The versions that are needed, e.g. `^10.5.0`.
        version: Option<String>,
        /// The `node_modules` folders that were searched.
        folders: Vec<PathBuf>,
    },

    /// A package without an assembly.
    #[error("{folder} has no .jsii: the package is no jsii module, and cannot be bound", folder = folder.display())]
    NoModule {
        /// The package's folder.
        folder: PathBuf,
    },

    /// A file that cannot be read.
    #[error("cannot read {path}: {source}", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },

    /// A file that cannot be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },

    /// A file in an unknown format.
    #[error("cannot parse {path} ({source}): is it an assembly in the format jsii/0.10.0?", path = path.display())]
    Malformed {
        /// The file, or the type in an assembly.
        path: PathBuf,
        /// The parse error.
        source: serde_json::Error,
    },

    /// An override of a type that is no class.
    #[error("override {fqn}: only a class is overridden; an interface among the roots is implemented without a mark")]
    NoClass {
        /// The fully qualified name.
        fqn: String,
    },

    /// A type that its package does not contain.
    #[error(
        "no package contains the type {fqn}{}",
        if similar.is_empty() { String::new() } else { format!("; did you mean {}?", similar.join(", ")) }
    )]
    UnknownType {
        /// The fully qualified name.
        fqn: String,
        /// The most similar names of types that exist.
        similar: Vec<String>,
    },

    /// A type of a package that was not read.
    #[error("the type {fqn} is of the package {package}, which is not read: name it by `Bindings::package`")]
    UnreadPackage {
        /// Name on npm.
        package: String,
        /// The fully qualified name.
        fqn: String,
    },

    /// Cargo's variable for the folder of generated files is not set.
    #[error("OUT_DIR is not set: write bindings in a build script")]
    NoBuildScript,
}

fn searched(folders: &[PathBuf]) -> String {
    match folders {
        [] => "a node_modules folder, of which there is none beside the file of roots, beside Cargo.toml, or above"
            .to_owned(),
        folders => folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", "),
    }
}
