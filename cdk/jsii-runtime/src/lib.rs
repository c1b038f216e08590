//! Drives the jsii kernel: JavaScript classes, published as jsii modules, used from Rust.
//!
//! A jsii module describes its classes in an assembly (`.jsii`). `jsii-bindgen` turns assemblies into typed Rust that
//! calls the functions here; this crate knows the protocol and no module in particular.
//!
//! * [`kernel`]: the Node process and one file for each message it understands;
//! * [`modules`]: where `node_modules` and the Node binary are, and how the kernel is made to load a module from there;
//! * [`value`]: how Rust values are written to and read from the wire;
//! * [`Object`] and [`Handle`]: references to JavaScript objects;
//! * the macros [`handle!`], [`structure!`], [`enumeration!`] and [`union!`]: the shapes of generated types.
//!
//! Every thread that uses a binding has its own kernel, started by the first call and ended with the thread. Objects
//! belong to the kernel of their thread; they are not `Send`.

mod error;
pub mod kernel;
mod macros;
pub mod modules;
mod object;
pub mod value;

pub use error::{Error, Result};
pub use kernel::{create, get, get_static, invoke, invoke_static, set, spread};
pub use modules::Module;
pub use object::{Handle, Is, Object};
pub use value::{Date, Enumeration, Fields, FromJs, IntoJs, Structure, ToJs, Unchecked};

/// The crates that the macros and the generated code name; not an interface of its own.
#[doc(hidden)]
pub mod generated {
    pub use indexmap::IndexMap;
    pub use serde_json::Value;
}
