//! The identity of a jsii module in generated bindings.

use super::Hierarchy;

/// A jsii module: an npm package with an assembly.
#[derive(Debug)]
pub struct Module {
    /// Name on npm, e.g. `aws-cdk-lib`.
    pub name: &'static str,
    /// Version of the assembly that the bindings were generated from.
    pub version: &'static str,
    /// Modules to load before this one.
    pub dependencies: &'static [&'static Module],
    /// The assembly, compressed by gzip or not: an excerpt with the types of the bindings is enough for the kernel.
    pub assembly: &'static [u8],
    /// The hierarchy of the types of this module and of all modules that the bindings were generated with.
    pub hierarchy: &'static Hierarchy,
}
