//! The function `image-invalidation`: a purge run in each invocation, started by a wake-up or by a schedule.

use aws_cdk_lib::aws_sqs::Queue;
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{Duration, Result};
use contract::functions::ImageInvalidation;
use contract::limits;

use super::schedule::invoke_every;
use super::{Function, Scope, allow, purging};
use crate::alarms::{Alarm, Alarms, PERIOD_MINUTES, period};

/// Failed purge runs in a row that raise an alarm. The next purge run repairs a single failure.
const FAILED_PURGE_RUNS_MAX: u32 = 3;

/// Declares the function, its grants and its alarm.
pub(crate) fn declare(scope: Scope, dead_letters: &Queue, alarms: &mut Alarms) -> Result<RustFunction> {
    let Scope { environment, data, .. } = scope;
    let every_minutes = environment.purge.every_minutes;
    let event_age_max = Duration::seconds(limits::PURGE_RUN_EVENT_AGE_MAX_SECS)?;
    let config = ImageInvalidation {
        purging: purging::variables(scope)?,
        lease_secs: limits::LEASE_SECS,
        dead_letter_queue_url: dead_letters.queue_url()?,
    };
    let function = Function {
        id: "ImageInvalidation",
        binary: "image-invalidation",
        description: "Purges the targets in the invalidation queue",
        memory_mb: 512,
        timeout_secs: limits::PURGE_RUN_TIMEOUT_SECS,
        variables: config.variables(),
    }
    .declare_with(scope, |props| {
        // The next purge run continues a failed one: a retry or a backlog of invocations has no use.
        props.retry_attempts(0).max_event_age(&event_age_max)
    })?;
    purging::grant(scope, &function)?;
    let registry = purging::tenant_registry_arn(scope)?;
    allow(&function, ["ssm:GetParameter"], [format!("{registry}/*")])?;
    allow(&function, ["ssm:GetParametersByPath"], [format!("{registry}/*"), registry])?;
    let reads = ["dynamodb:Scan", "dynamodb:Query", "dynamodb:GetItem"];
    allow(&function, reads, [data.invalidation_queue.table_arn()?])?;
    allow(&function, ["dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"], [data.invalidation_queue.table_arn()?])?;
    allow(&function, ["dynamodb:UpdateItem"], [data.purge_ledger.table_arn()?])?;
    allow(&function, ["sqs:SendMessage"], [dead_letters.queue_arn()?])?;

    // A period without a purge run counts as a period without a failure, so a period must not be shorter than the
    // time between two purge runs.
    let failed_runs = function.metric_errors_with_props(period(PERIOD_MINUTES.max(every_minutes))?)?;
    alarms.raise(&Alarm {
        id: "FailedPurgeRunsAlarm",
        description: "Three purge runs in a row failed: changed images stay stale. Check the log of image-invalidation",
        metric: &failed_runs,
        periods: FAILED_PURGE_RUNS_MAX,
        threshold: 1,
    })?;
    alarms.show_failures(&failed_runs);
    Ok(function)
}

/// Invokes the function at the configured rate.
pub(crate) fn schedule(scope: Scope, function: &RustFunction) -> Result<()> {
    let description = "Purges the targets in the invalidation queue";
    let every_minutes = scope.environment.purge.every_minutes;
    invoke_every(scope.stack, "InvalidationSchedule", description, every_minutes, function)
}
