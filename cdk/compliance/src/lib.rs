//! The bindings of the fixture of the compliance tests, a jsii module that is written for them.
//!
//! aws/jsii holds its languages to one list of cases. `tests/compliance` has a test for each case that applies to Rust, and
//! `docs/jsii-compliance.md` is the report.

pub use jsii_runtime::{
    CallbackResult, Date, Error, FromJs, Handle, Member, Object, Overrides, Result, Structure, ToJs, Unchecked,
};

/// The text of the bindings.
pub const BINDINGS: &str = include_str!(concat!(env!("OUT_DIR"), "/generated.rs"));

jsii_runtime::include_bindings!();
