//! Generates typed Rust bindings for jsii modules.
//!
//! A jsii module describes its classes in an assembly, a JSON file beside its JavaScript. [`generate`] reads the
//! assemblies of packages and generates Rust for the listed root types and all types that they reference. The generated
//! code calls `jsii-runtime`. A build script uses [`Bindings`], which finds the packages.
//!
//! * A class or an interface is a reference to a JavaScript object; a class derefs to its base.
//! * `new` and methods exist once with the required arguments and once more for each optional argument, for example
//!   `new_with_props`: the suffix names the last argument.
//! * A structure takes its required properties in `new` and has a setter for each optional one.
//! * A class whose constructor ends with a structure has a `builder`: the setters of the structure, then `build`.
//! * The documentation of the assembly is rustdoc. Examples stay in TypeScript.
//! * An interface among the roots can be implemented in Rust: it has a trait with its members, `<Interface>Impl`, and a
//!   function `implement`.
//! * A class among the roots after the word `override` can be overridden in Rust: it has a structure with a function for
//!   each member, `<Class>Overrides`, and its protected members are functions, too.
//! * An asynchronous method returns the value of its promise. A closure that overrides or implements one returns the value.
//! * Deprecated members, static asynchronous methods, and protected members of other classes are omitted.

mod assembly;
mod bindings;
mod closure;
mod emit;
mod error;
mod excerpt;
mod fqn;
mod installed;
mod library;
mod links;
mod names;

use std::fs;
use std::path::{Path, PathBuf};

pub use bindings::Bindings;
pub use error::Error;

use closure::Closure;
use library::Library;

/// A package to generate bindings for.
#[derive(Clone, Debug)]
pub struct Package {
    /// The installed package: the folder that holds `.jsii`.
    pub folder: PathBuf,
    /// The Rust module of the package's types, with one module for each namespace of the package. Empty: the top level.
    pub module: String,
}

/// Generated bindings.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The text, which includes the other files.
    pub text: String,
    /// For each package the part of its assembly that the kernel needs: the name of the file beside the text, and its content.
    pub excerpts: Vec<(String, Vec<u8>)>,
}

impl Generated {
    /// Writes the text into the file `generated.rs` of a folder, and the other files beside it.
    ///
    /// # Errors
    ///
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let excerpts = self.excerpts.iter().map(|(name, content)| (name.as_str(), content.as_slice()));
        for (name, content) in excerpts.chain([("generated.rs", self.text.as_bytes())]) {
            let path = folder.join(name);
            fs::write(&path, content).map_err(|source| Error::Unwritable { path, source })?;
        }
        Ok(())
    }
}

/// Generates Rust for `roots` (fully qualified names such as `aws-cdk-lib.aws_s3.Bucket`) and all types that they
/// reference.
///
/// A class after the word `override`, e.g. `override aws-cdk-lib.Stack`, can be overridden in Rust.
///
/// `path` is the module that includes the text, e.g. `crate::generated`; the text refers to its own types by this path.
/// `packages` lists a package after its dependencies.
///
/// # Errors
///
/// A package is not installed, its assembly is malformed, no package contains a root, or a root to override is no class.
pub fn generate(packages: &[Package], roots: &[&str], path: &str) -> Result<Generated, Error> {
    let texts = packages.iter().map(assembly::read).collect::<Result<Vec<_>, _>>()?;
    let library = Library::parse(packages, &texts, path)?;
    let closure = Closure::of(&library, roots)?;
    let mut excerpts = Vec::new();
    for module in &library.modules {
        excerpts.push((excerpt::file_name(&module.name), excerpt::of(&library, &closure, module)?));
    }
    Ok(Generated { text: emit::bindings(&library, &closure), excerpts })
}
