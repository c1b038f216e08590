//! The function `image-invalidation`: a purge run in each invocation, started by a wake-up or by a schedule.

use std::time::Duration;

use aws_cdk_lib::Result;
use aws_cdk_lib::aws_sqs::Queue;
use contract::functions::ImageInvalidation;
use contract::limits;
use contract::metrics::Metric;

use super::schedule::invoke_every;
use super::{Function, Live, Scope, allow, purging};
use crate::alarms::{Alarm, Alarms, MOST, PERIOD_MINUTES, Threshold, period};
use crate::dashboard::own;
use crate::nag::acknowledge;

/// Periods in a row with failed purge runs, or without one, that raise an alarm. The next purge run repairs a single
/// failure, and the schedule is precise to a minute only.
const PURGE_RUNS: u32 = 3;

/// Shortest age of the oldest change that raises an alarm, in milliseconds: a quarter of an hour. It is longer where
/// purge runs are rarer.
const OLDEST_ENTRY_MIN_MILLIS: u32 = 15 * 60 * 1000;

/// Declares the function, its grants and its alarms.
pub(crate) fn declare(scope: Scope, dead_letters: &Queue, alarms: &mut Alarms) -> Result<Live> {
    let Scope { environment, data, .. } = scope;
    let every_minutes = environment.purge.every_minutes;
    let event_age_max = Duration::from_secs(limits::PURGE_RUN_EVENT_AGE_MAX_SECS.into());
    let config = ImageInvalidation {
        purging: purging::variables(scope),
        lease_secs: limits::LEASE_SECS,
        dead_letter_queue_url: dead_letters.queue_url()?,
    };
    let live = Function {
        id: "ImageInvalidation",
        binary: "image-invalidation",
        description: "Purges the targets in the invalidation queue",
        memory_mb: 512,
        timeout_secs: limits::PURGE_RUN_TIMEOUT_SECS,
        variables: config.variables(),
        wide: Some(purging::WIDE),
    }
    .declare_with(
        scope,
        environment.handlers.purge_reserved_concurrency,
        // The next purge run continues a failed one: a retry or a backlog of invocations has no use.
        |alias| alias.retry_attempts(0).max_event_age(event_age_max),
    )?;
    let reason = "A failed wake-up loses nothing: its rows are in the queue, and the schedule finds them";
    acknowledge(&live.alias, [("Serverless-LambdaAsyncFailureDestination", reason)])?;
    purging::grant(scope, &live)?;
    let registry = purging::tenant_registry_arn(scope)?;
    allow(&live, ["ssm:GetParameter", "ssm:GetParameters"], [&format!("{registry}/*")])?;
    let reads = ["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"];
    allow(&live, reads, [&data.invalidation_queue.arn])?;
    allow(&live, ["dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"], [&data.invalidation_queue.arn])?;
    allow(&live, ["dynamodb:UpdateItem"], [&data.purge_ledger.arn])?;
    allow(&live, ["sqs:SendMessage"], [&dead_letters.queue_arn()?])?;

    // A period without a purge run counts as a period without a failure, so a period must not be shorter than the
    // time between two purge runs.
    let every_period = || period(PERIOD_MINUTES.max(every_minutes));
    let failed_runs = live.function.metric_errors_with_props(every_period())?;
    let failed = alarms.raise(&Alarm {
        id: "FailedPurgeRunsAlarm",
        description: "Three purge runs in a row failed: changed images stay stale. Check the log of image-invalidation",
        metric: (&failed_runs).into(),
        datapoints: (PURGE_RUNS, PURGE_RUNS),
        threshold: Threshold::AtLeast(1),
    })?;
    alarms.show_failures(&failed_runs);
    let runs = live.function.metric_invocations_with_props(every_period().statistic("Sum"))?;
    alarms.raise(&Alarm {
        id: "NoPurgeRunAlarm",
        description: "No purge run began within three periods: changed images stay stale. Check the schedule, the \
                      function's concurrency and its throttles",
        metric: (&runs).into(),
        datapoints: (PURGE_RUNS, PURGE_RUNS),
        threshold: Threshold::Below(1),
    })?;
    alarms.show("Purge runs", &runs);
    let throttled = live.function.metric_throttles_with_props(period(1))?;
    alarms.raise(&Alarm {
        id: "ThrottledPurgeRunsAlarm",
        description: "Lambda throttles image-invalidation: changed images stay stale. Check the account's concurrency",
        metric: (&throttled).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(1),
    })?;
    let age = own(environment, Metric::OldestEntryAge, "Maximum", PERIOD_MINUTES.max(every_minutes)).build()?;
    alarms.raise(&Alarm {
        id: "OldestEntryAlarm",
        description: "A change waits for its purge far longer than it should: viewers see an old image. Read the log of \
                      image-invalidation",
        metric: (&age).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(OLDEST_ENTRY_MIN_MILLIS.max(PURGE_RUNS * every_minutes * 60_000)),
    })?;
    alarms.raise(&Alarm {
        id: "ThrottledInvalidationsAlarm",
        description: "CloudFront rejects invalidations because of a quota: purges wait. Compare the dashboard's items \
                      with the quotas of the account",
        metric: (&own(environment, Metric::InvalidationsThrottled, "Sum", PERIOD_MINUTES).build()?).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(1),
    })?;
    live.shift_traffic(scope, "ImageInvalidation", &failed)?;
    Ok(live)
}

/// Invokes the function at the configured rate, and returns the name of the schedule.
pub(crate) fn schedule(scope: Scope, live: &Live) -> Result<String> {
    let description = "Purges the targets in the invalidation queue";
    let every_minutes = scope.environment.purge.every_minutes;
    invoke_every(scope.stack, "InvalidationSchedule", description, every_minutes, &live.alias)
}
