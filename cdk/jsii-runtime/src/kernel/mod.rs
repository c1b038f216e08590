//! The kernel of this thread and the messages of its protocol, one file each.

mod begin;
mod callback;
mod channel;
mod construct;
mod create;
mod get;
mod hello;
mod implementation;
mod invoke;
mod load;
mod overrides;
mod process;
#[cfg(any(windows, test))]
mod relay;
mod session;
mod set;
#[cfg(unix)]
mod socket;

pub use begin::invoke_async;
pub use callback::{Arguments, CallbackResult, Member};
pub use create::create;
pub use get::{get, get_static};
pub use implementation::Implementation;
pub use invoke::{invoke, invoke_static, spread};
pub use overrides::Overrides;
pub use set::{set, set_static};
