//! What can go wrong between Rust and the kernel.

use std::path::PathBuf;

/// The result of every call that reaches the kernel.
pub type Result<T> = std::result::Result<T, Error>;

/// A call that failed. The text of [`Error::Thrown`] is the message of the JavaScript error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// JavaScript threw: a construct rejected its properties, or the kernel rejected a value.
    #[error("{call}: {message}")]
    Thrown {
        /// What was called, e.g. `new aws-cdk-lib.aws_s3.Bucket`.
        call: String,
        /// The JavaScript error's name, e.g. `RuntimeError` or `@jsii/kernel.Fault`.
        name: String,
        /// The JavaScript error's message.
        message: String,
        /// The JavaScript stack, for a bug report.
        stack: Option<String>,
    },

    /// There is no installed kernel in the current directory or above it.
    #[error(
        "no node_modules with @jsii/runtime in {start} or above it: run `make setup`, or set {variable} to the folder",
        start = start.display(),
        variable = crate::modules::NODE_MODULES_VARIABLE
    )]
    NodeModulesMissing {
        /// Where the search began.
        start: PathBuf,
    },

    /// A module is not installed, or not in the version that the bindings were generated for.
    #[error(
        "the bindings are for {module} {wanted}, but {found} is installed in {node_modules}: run `make setup`",
        node_modules = node_modules.display()
    )]
    ModuleMissing {
        /// Name on npm.
        module: &'static str,
        /// Version of the assembly that the bindings were generated from.
        wanted: &'static str,
        /// Version that was found, or `no version`.
        found: String,
        /// The folder that was searched.
        node_modules: PathBuf,
    },

    /// A file of the module cache can't be read or written.
    #[error("can't use the module cache at {path}: is the folder writable?", path = path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },

    /// The kernel's process did not start.
    #[error("can't start the jsii kernel with {node}: install Node 22 or later, or set JSII_NODE to its binary")]
    Start {
        /// The Node binary that was tried.
        node: String,
        /// Why.
        source: std::io::Error,
    },

    /// The kernel's process ended, or its channel broke, while a response was due.
    #[error("the jsii kernel ended before it responded; its own message, if any, is on standard error")]
    Ended {
        /// The broken channel's error; none if the kernel closed it.
        source: Option<std::io::Error>,
    },

    /// The kernel wrote something that is not of the protocol.
    #[error("the jsii kernel wrote {line:?}, which is no response; is @jsii/runtime in its pinned version?")]
    Protocol {
        /// The first characters of what it wrote.
        line: String,
    },

    /// A value came back in another shape than the assembly promises.
    #[error("expected {expected} from JavaScript, found {found}")]
    Decode {
        /// The Rust type.
        expected: &'static str,
        /// The value, as JSON.
        found: String,
    },

    /// A downcast to a class that the object is not of.
    #[error("{object} is not an instance of {wanted}")]
    Cast {
        /// The object's reference; its class is the part before the `@`.
        object: String,
        /// The requested class.
        wanted: &'static str,
    },
}
