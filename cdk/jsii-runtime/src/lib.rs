//! A client of the jsii kernel: calls JavaScript classes of jsii modules from Rust.
//!
//! A jsii module describes its classes in an assembly (`.jsii`). `jsii-bindgen` turns assemblies into typed Rust that
//! calls this crate; this crate implements the protocol and depends on no particular module.
//!
//! * [`kernel`]: the Node process and one file for each message of the protocol;
//! * [`modules`]: the locations of `node_modules` and the Node binary, and the loading of modules from there;
//! * [`value`]: the conversion of Rust values to and from the wire format;
//! * [`Object`] and [`Handle`]: references to JavaScript objects;
//! * the macros [`handle!`], [`structure!`], [`enumeration!`] and [`union!`]: the shapes of generated types.
//!
//! Each thread that uses a binding has its own kernel, which the first call starts and which ends with the thread.
//! Objects belong to the kernel of their thread and are not `Send`.

mod error;
pub mod kernel;
mod macros;
pub mod modules;
mod object;
pub mod value;

pub use error::{Error, Result};
pub use kernel::{
    Arguments, CallbackResult, Implementation, Member, Overrides, create, get, get_static, invoke, invoke_async,
    invoke_static, set, set_static, spread,
};
pub use modules::{Hierarchy, Module};
pub use object::{Handle, Is, Object};
pub use value::{Creation, Date, Enumeration, Fields, FromJs, IntoJs, Structure, ToJs, Unchecked};

/// Re-exports for the macros and the generated code; not part of the public interface.
#[doc(hidden)]
pub mod generated {
    pub use indexmap::IndexMap;
    pub use serde_json::Value;
}
