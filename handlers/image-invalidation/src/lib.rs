//! The Lambda function `image-invalidation`: one purge run for each invocation.

pub use purging::purge_run::{Handler, PurgeRunError, Summary};
