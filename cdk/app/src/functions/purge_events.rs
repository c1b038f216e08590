//! The function `purge-events`: publishes an event for each completed purge, from the stream of the purge ledger.

use aws_cdk_lib::aws_events::EventBus;
use aws_cdk_lib::aws_lambda::StartingPosition;
use aws_cdk_lib::aws_lambda_event_sources::DynamoEventSource;
use aws_cdk_lib::{CfnOutput, Result};
use contract::functions::PurgeEvents;
use serde_json::json;

use super::{Function, Scope, allow};
use crate::alarms::{Alarm, Alarms, MOST, Threshold, period};
use crate::nag::acknowledge;

/// Age of the oldest write of the ledger that raises an alarm, in milliseconds.
const WRITE_AGE_MAX_MILLIS: u32 = 5 * 60 * 1000;

/// Most writes in one invocation: ten calls of ten events.
const BATCH_SIZE: u32 = 100;

/// Declares the event bus and the function that publishes on it, if the environment has events, with its grants and its
/// alarm.
pub(crate) fn declare(scope: Scope, alarms: &mut Alarms) -> Result<Option<EventBus>> {
    let Scope { stack, environment, data, .. } = scope;
    if !environment.events.purge_completed {
        return Ok(None);
    }
    let bus = EventBus::new(stack, "PurgeEventBus")?;
    CfnOutput::builder(stack, "PurgeEventBusArn", bus.event_bus_arn()).build()?;
    let config = PurgeEvents { environment: environment.name.clone(), event_bus: bus.event_bus_name()? };
    let live = Function {
        id: "PurgeEvents",
        binary: "purge-events",
        description: "Publishes an event for each completed purge",
        memory_mb: 256,
        timeout_secs: 60,
        variables: config.variables(),
        wide: Some("ListStreams has no resource to narrow it to"),
    }
    .declare(scope)?;
    allow(&live, ["events:PutEvents"], [&bus.event_bus_arn()?])?;
    let completed = json!({"dynamodb": {"NewImage": {"completedAt": {"N": [{"exists": true}]}}}});
    // LATEST can miss records while the mapping is created or changed. The stream begins with the events. Without an
    // age or a number of retries, a write is delivered until the stream deletes it after 24 hours. The ledger still has
    // the purge then.
    let source = DynamoEventSource::builder(&data.purge_ledger.table, StartingPosition::TrimHorizon)
        .batch_size(BATCH_SIZE)
        .report_batch_item_failures(true)
        // Only writes of completed purges: one or two of the three or four of a row. A filter cannot compare the
        // images, and whether `exists: false` matches an attribute of an absent image is not documented.
        .filters([[("pattern", json!(completed.to_string()))]]);
    live.alias.add_event_source(source.build())?;
    let reason = "A write is delivered as long as the stream keeps it; an event that is lost then is in the ledger";
    acknowledge(&live.alias, [("Serverless-LambdaEventSourceMappingDestination", reason)])?;

    let age = live.function.metric_with_props("IteratorAge", period(1).statistic("Maximum"))?;
    let alarm = alarms.raise(&Alarm {
        id: "EventAgeAlarm",
        description: "The oldest write of the purge ledger's stream is 5 minutes old: the events of completed purges are \
                      late, and lost after 24 hours. No purge is late. Check the log of purge-events",
        metric: (&age).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(WRITE_AGE_MAX_MILLIS),
    })?;
    alarms.show("Events: age of the oldest write", &age);
    live.shift_traffic(scope, "PurgeEvents", &alarm)?;
    Ok(Some(bus))
}
