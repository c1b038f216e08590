//! A jsii module, as generated bindings name it.

/// A jsii module: an npm package with an assembly.
#[derive(Debug)]
pub struct Module {
    /// Name on npm, e.g. `aws-cdk-lib`.
    pub name: &'static str,
    /// Version of the assembly that the bindings were generated from.
    pub version: &'static str,
    /// Modules that have to be loaded before this one.
    pub dependencies: &'static [&'static Module],
}
