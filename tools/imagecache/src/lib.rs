//! Enqueues again what the pipeline gave up on, and what an outage hid from it.
//!
//! [`Recovery::replay`] does again what failed, dead letter by dead letter. [`Recovery::resync`] reads the whole
//! image-pack table, for when there is nothing left to do again: the stream keeps its records for 24 hours. Both may be
//! run twice, by two people at once, and be interrupted: what is in the queue is there once, and a dead letter is
//! deleted only when what it stands for is in the queue.

mod dead_letter;
mod dead_letters;
mod failure;
mod installation;
mod range;
mod recovery;
mod replay;
mod resync;

pub use failure::call_failed;
pub use installation::{Installation, InstallationUnknown, read_installation};
pub use recovery::{Clients, Recovery};
pub use replay::{Left, Replayed};
pub use resync::{Resync, Resynced};
