//! The Lambda function `image-invalidation`: one purge run for each invocation. The protocol is in
//! `purging::purge_run`; this crate is its Lambda event and response.

use contract::wake_up::is_wake_up;
use domain::Context;
use purging::ports::{DeadLetters, Ports};
use purging::purge_run::{PurgeRun, PurgeRunError, Summary, Trigger};
use serde_json::Value;

/// The handler of the events of wakers and of the schedule.
#[derive(Debug, Clone)]
pub struct Handler<P, D> {
    /// The purge run.
    pub purge_run: PurgeRun<P, D>,
}

impl<P: Ports, D: DeadLetters> Handler<P, D> {
    /// Starts one purge run. The event says whether a waker has started it. The response is the summary of the run.
    pub async fn handle(&self, event: &Value, context: &Context) -> Result<Summary, PurgeRunError> {
        let trigger = if is_wake_up(event) { Trigger::WakeUp } else { Trigger::Schedule };
        self.purge_run.run(trigger, context).await
    }
}
