//! The errors of the generator.

use std::path::PathBuf;

/// A failure to write bindings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A package without an assembly: it is not installed or not a jsii module.
    #[error("cannot read {path}: run `make setup`", path = path.display())]
    Unreadable {
        /// The assembly's file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },

    /// An assembly in an unknown format.
    #[error("cannot parse {path}: is it an assembly in the format jsii/0.10.0?", path = path.display())]
    Malformed {
        /// The assembly's file, or the type in it.
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

    /// A type that no package contains.
    #[error("no package contains the type {fqn}: check its spelling against the assembly")]
    UnknownType {
        /// The fully qualified name.
        fqn: String,
    },
}
