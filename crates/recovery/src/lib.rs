//! Recovery: enqueues purges that failed or that an outage lost. The command `imagecache` (`tools/imagecache`) runs it.
//!
//! [`Recovery::replay`] retries dead letters, one by one. [`Recovery::resync`] reads the whole image-pack table, for
//! changes whose stream records have expired (after 24 hours). Both are idempotent and can be interrupted and run
//! concurrently: the queue has one row for each target, and a dead letter is deleted only after its content is in the
//! queue.

mod dead_letter;
mod dead_letters;
mod installation;
mod last_write;
mod listing;
mod range;
mod recovery;
mod replay;
mod resync;

pub use installation::{Installation, UnknownInstallationError, read_installation};
pub use last_write::LastWrite;
pub use listing::{Kind, Listed};
pub use recovery::{Clients, Recovery};
pub use replay::{Left, Replayed};
pub use resync::{Resync, Resynced};
