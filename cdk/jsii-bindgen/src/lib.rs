//! Writes typed Rust for jsii modules.
//!
//! A jsii module describes its classes in an assembly, a JSON file beside its JavaScript. [`generate`] reads the
//! assemblies of some packages and writes Rust for the listed root types and for whatever they mention, as calls to
//! `jsii-runtime`.
//!
//! * A class or an interface is a reference to a JavaScript object; a class derefs to its base.
//! * `new` and methods come once with the required arguments, and once more for each optional argument, as
//!   `new_with_props`: the name says up to which argument it takes them.
//! * A structure takes its required properties in `new` and has a setter for each optional one.
//! * Deprecated members and members for JavaScript subclasses only (`protected`) are left out.

mod assembly;
mod closure;
mod emit;
mod error;
mod library;
mod names;

use std::path::PathBuf;

pub use error::Error;

use closure::Closure;
use library::Library;

/// One package to write bindings for.
#[derive(Clone, Debug)]
pub struct Package {
    /// The installed package: the folder that holds `.jsii`.
    pub folder: PathBuf,
    /// The Rust module that gets the package's types; the package's namespaces are modules in it. Empty: the top.
    pub module: String,
}

/// Writes Rust for `roots` (fully qualified names such as `aws-cdk-lib.aws_s3.Bucket`) and all types they mention.
///
/// `path` is where the text will be included, e.g. `crate::generated`: the text names its own types from there.
/// Packages are listed before those that depend on them.
pub fn generate(packages: &[Package], roots: &[&str], path: &str) -> Result<String, Error> {
    let texts = packages.iter().map(assembly::read).collect::<Result<Vec<_>, _>>()?;
    let library = Library::parse(packages, &texts, path)?;
    let closure = Closure::of(&library, roots)?;
    Ok(emit::bindings(&library, &closure))
}
