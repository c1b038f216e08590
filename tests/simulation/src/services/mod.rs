//! The AWS services as far as the functions use them. Each guarantees only what AWS documents.

mod allowances;
pub(crate) mod cloudfront;
pub(crate) mod dead_letters;
pub(crate) mod dynamodb;
pub(crate) mod ledger;
pub(crate) mod originals_bucket;
pub(crate) mod outbox;
pub(crate) mod pack_table;
mod ports;
pub(crate) mod queue_table;
pub(crate) mod registry;
pub(crate) mod render_locks;
pub(crate) mod variants_bucket;
pub(crate) mod wakeups;
