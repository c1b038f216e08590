//! The kernel, the installed modules, and the stubs from which the kernel loads modules.

mod cache;
mod hierarchy;
mod installation;
mod kernel;
mod module;
mod stub;

pub use hierarchy::Hierarchy;
pub use installation::{Installation, NODE_MODULES_VARIABLE};
pub(crate) use kernel::KERNEL_VERSION;
pub use module::Module;
pub(crate) use stub::stub_of;
