//! Where the kernel and the modules are found, and how the kernel loads a module.

mod installation;
mod module;
mod stub;

pub use installation::{Installation, NODE_MODULES_VARIABLE};
pub use module::Module;
pub(crate) use stub::stub_of;
