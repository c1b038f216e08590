//! Why no bindings could be written.

use std::path::PathBuf;

/// A failure to write bindings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A package has no assembly: it isn't installed, or is no jsii module.
    #[error("can't read {path}: run `make setup`", path = path.display())]
    Unreadable {
        /// The assembly's file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// An assembly is not in the format that this generator knows.
    #[error("can't understand {path}", path = path.display())]
    Malformed {
        /// The assembly's file or the type in it.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },

    /// A type that no package has.
    #[error("no type {fqn} in the packages: is it spelt as in the assembly?")]
    UnknownType {
        /// Its fully qualified name.
        fqn: String,
    },
}
