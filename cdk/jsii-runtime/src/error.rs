//! The errors of calls to the kernel.

use std::env;
use std::fmt;
use std::panic::Location;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;

use crate::modules::KERNEL_VERSION;

/// The result of every call that reaches the kernel.
pub type Result<T> = std::result::Result<T, Error>;

/// A failed call. The text of [`Error::Thrown`] is the message of the JavaScript error, the construct, the line of the call in
/// Rust, and the JavaScript stack if the environment variable `RUST_BACKTRACE` asks for one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// JavaScript threw: a construct rejected its properties, or the kernel rejected a value.
    #[error(
        "{call}: {message}{}{}{}",
        place("in", construct.as_ref()),
        place("at", caller.as_ref()),
        frames(stack.as_deref(), backtrace_is_on())
    )]
    Thrown {
        /// The call, e.g. `new aws-cdk-lib.aws_s3.Bucket`.
        call: String,
        /// The JavaScript error's name, e.g. `RuntimeError` or `@jsii/kernel.Fault`.
        name: String,
        /// The JavaScript error's message.
        message: String,
        /// The JavaScript stack.
        stack: Option<String>,
        /// The path of the construct that the call concerns, e.g. `data/Originals`, if it concerns one.
        construct: Option<Box<str>>,
        /// The line of the call in Rust.
        caller: Option<&'static Location<'static>>,
    },

    /// The current directory and its ancestors contain no installed packages.
    #[error(
        "no node_modules folder in {start} or above it: run `npm install`, or set {variable} to the folder",
        start = start.display(),
        variable = crate::modules::NODE_MODULES_VARIABLE
    )]
    NodeModulesMissing {
        /// The directory in which the search began.
        start: PathBuf,
    },

    /// A module is not installed, or not in the version that the bindings were generated for.
    #[error(
        "the bindings are for {module} {expected}, but {found} is installed in {}: run `npm install --save-exact \
         {module}@{expected}`, or build the bindings again",
        folders.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
    )]
    ModuleMissing {
        /// Name on npm.
        module: &'static str,
        /// Version of the assembly that the bindings were generated from.
        expected: &'static str,
        /// Version that was found, or `no version`.
        found: String,
        /// The `node_modules` folders that were searched.
        folders: Vec<PathBuf>,
    },

    /// This thread uses bindings of two crates for one module. The kernel has loaded the types of the first one.
    #[error(
        "this thread uses two crates with bindings for {module}, and the kernel has loaded the types of the other one: bind \
         the types of both in one crate, or use the crates in two threads"
    )]
    OtherBindings {
        /// Name on npm.
        module: &'static str,
    },

    /// A file of the module cache cannot be read or written.
    #[error("cannot use the module cache at {path}: check that the folder is writable", path = path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// The error of the file system.
        source: std::io::Error,
    },

    /// The kernel's process did not start.
    #[error("cannot start the jsii kernel with {node}: install Node 22 or later, or set JSII_NODE to its binary")]
    Start {
        /// The Node binary.
        node: String,
        /// The error, or the exit status of the process.
        source: std::io::Error,
    },

    /// The kernel in the cache has another version than this crate's.
    #[error(
        "the jsii kernel in {cache} is {found}, and this crate has @jsii/runtime@{KERNEL_VERSION}: delete the folder; the next \
         start unpacks the kernel again",
        cache = cache.display()
    )]
    OtherKernel {
        /// The folder of the cache.
        cache: PathBuf,
        /// The name and version in its greeting.
        found: String,
    },

    /// The kernel's process ended, or its channel broke, before the response.
    #[error(
        "the jsii kernel ended before it responded ({}): read its own message on standard error, and start the program \
         again, because its objects are lost",
        status.map_or_else(|| "unknown status".to_owned(), |status| status.to_string())
    )]
    Ended {
        /// The exit status of the process.
        status: Option<ExitStatus>,
        /// The error of the channel; `None` if the kernel closed it.
        source: Option<std::io::Error>,
    },

    /// A destructor of a thread-local called JavaScript.
    #[error("the thread of the jsii kernel is ending: call JavaScript before, not in the destructor of a thread-local")]
    ThreadEnding,

    /// The kernel sent a line that is not part of the protocol.
    #[error("the jsii kernel wrote {line:?}, which is no response: does code of a module use file descriptor 3?")]
    Protocol {
        /// The first characters of the line.
        line: String,
    },

    /// A field of a structure was set to the error of another call.
    #[error("{field}: {source}")]
    Argument {
        /// The field's JavaScript name.
        field: String,
        /// The error of the call whose result is the field's value.
        source: Arc<Error>,
    },

    /// JavaScript returned a value of another type than the assembly declares.
    #[error("expected {expected} from JavaScript, found {found}")]
    Decode {
        /// The Rust type.
        expected: &'static str,
        /// The value, as JSON.
        found: String,
    },

    /// A downcast to a class that the object is not an instance of.
    #[error("{object} is not an instance of {expected}")]
    Cast {
        /// The object's reference; its class is the part before the `@`.
        object: String,
        /// The requested class.
        expected: &'static str,
    },
}

impl Error {
    /// Adds the line of the call in Rust and the path of the construct to what JavaScript threw.
    pub(crate) fn at(mut self, location: &'static Location<'static>, path: impl FnOnce() -> Option<Box<str>>) -> Self {
        if let Self::Thrown { construct, caller, .. } = &mut self {
            *construct = path();
            *caller = Some(location);
        }
        self
    }
}

/// A line like a frame of a JavaScript stack.
fn place(preposition: &str, place: Option<impl fmt::Display>) -> String {
    place.map(|place| format!("\n    {preposition} {place}")).unwrap_or_default()
}

/// Whether errors contain the JavaScript stack: if `RUST_BACKTRACE` asks for the stacks of Rust.
fn backtrace_is_on() -> bool {
    env::var_os("RUST_BACKTRACE").is_some_and(|value| value != "0")
}

/// The frames of a JavaScript stack, one a line. The lines before them repeat the message.
fn frames(stack: Option<&str>, shown: bool) -> String {
    let lines = stack.filter(|_| shown).unwrap_or_default().lines();
    lines.filter(|line| line.trim_start().starts_with("at ")).flat_map(|line| ["\n", line]).collect()
}
