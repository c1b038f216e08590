//! The code of [the guide](../../../docs/cdk-in-rust.md), compiled and run, and the bindings of the construct library that
//! it adds.

pub use jsii_runtime::Result;

/// The guide. Its code blocks are the doctests of this module.
#[doc = include_str!("../../../docs/cdk-in-rust.md")]
#[cfg(doctest)]
pub mod text {}

jsii_runtime::include_bindings!();
