//! The adapters to AWS, over the SDK's clients: one file for each service or concern.
//!
//! Adapters execute the decisions of `domain` and make none of their own. Those that a purge uses implement the traits of
//! `purging::ports`.

mod allowance;
mod bounded_body;
mod call_error;
pub mod clients;
pub mod clock;
pub mod cloudfront;
mod conditional;
pub mod dead_letter_queue;
pub mod delivery;
pub mod demand_table;
pub mod event_bus;
pub mod image_pack_table;
pub mod invalidation_queue;
pub mod lease;
pub mod managed_items;
pub mod metrics_log;
pub mod originals_bucket;
mod outbox;
pub mod ports;
pub mod purge_ledger;
pub mod purge_run_function;
pub mod render_lock_table;
pub mod tenant_registry;
mod transactions;
mod update_expression;
pub mod upload_area;
pub mod variants_bucket;
mod wakeups;

pub use call_error::{call_error, sdk_error, sdk_error_text};
pub use clock::{SystemClock, now};
pub use ports::AwsPorts;
pub use purging::ports::CallError;
