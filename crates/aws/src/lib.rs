//! What the handlers share on the way to AWS: one file per service or concern, over the real SDK clients.
//!
//! Adapters carry out what the domain crate decides; they make no choices of their own. Those that a purge needs
//! implement the traits of `purging::ports`.

mod call_error;
pub mod clock;
pub mod cloudfront;
mod conditional;
pub mod config;
pub mod dead_letter_queue;
pub mod image_pack_table;
pub mod invalidation_queue;
pub mod lease;
pub mod managed_items;
pub mod originals_bucket;
mod outbox;
pub mod ports;
pub mod purge_ledger;
pub mod render_lock_table;
pub mod tenant_registry;
mod update_expression;
pub mod upload_area;
pub mod variants_bucket;

pub use clock::{SystemClock, now};
pub use ports::AwsPorts;
pub use purging::ports::{CallError, CallFailed};
