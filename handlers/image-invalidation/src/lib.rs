//! The Lambda function `image-invalidation`: one purge run for each invocation. The protocol is in
//! `purging::purge_run`; this crate is its Lambda event and response.

use domain::Context;
use purging::ports::{DeadLetters, Ports};
use purging::purge_run::{PurgeRun, PurgeRunError, Summary};
use serde_json::Value;

/// The handler of the schedule's events.
#[derive(Debug, Clone)]
pub struct Handler<P, D> {
    /// The purge run.
    pub purge_run: PurgeRun<P, D>,
}

impl<P: Ports, D: DeadLetters> Handler<P, D> {
    /// Starts one purge run. Its input is the queue; the event is not read. The response is the summary of the run.
    pub async fn handle(&self, _event: &Value, context: &Context) -> Result<Summary, PurgeRunError> {
        self.purge_run.run(context).await
    }
}
