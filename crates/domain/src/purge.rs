//! Purges: planning, invalidation requests, the ledger, and their responses to operators.

pub mod batch;
pub mod cache_tag;
pub mod caller_reference;
pub mod deletion;
pub mod invalidation_item;
pub mod ledger;
pub mod limits;
pub mod manual_purge;
pub mod overview;
pub mod pacer;
pub mod planner;
pub mod purge_preview;
pub mod purge_request;
pub mod purge_status;
pub mod queued_purge;
pub mod resync;
