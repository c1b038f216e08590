//! The function `dynamodb-imagepacks-stream`: enqueues a purge for each meaningful change of the image-pack table, and wakes
//! a purge run.

use std::time::Duration;

use aws_cdk_lib::Result;
use aws_cdk_lib::aws_lambda::StartingPosition;
use aws_cdk_lib::aws_lambda_event_sources::{DynamoEventSource, SqsDlq};
use aws_cdk_lib::aws_sqs::Queue;
use contract::functions::ImagePacksStream;

use super::{Function, Live, Scope, allow, purging};
use crate::alarms::{Alarm, Alarms, MOST, Threshold, period};

/// Age of the oldest record of the stream that raises an alarm, in milliseconds.
const ITERATOR_AGE_MAX_MILLIS: u32 = 5 * 60 * 1000;

/// Declares the function, its grants and its alarm.
pub(crate) fn declare(
    scope: Scope,
    dead_letters: &Queue,
    image_invalidation: &Live,
    alarms: &mut Alarms,
) -> Result<Live> {
    let Scope { environment, data, .. } = scope;
    let config = ImagePacksStream {
        invalidation_queue_table: data.invalidation_queue.name.clone(),
        dead_letter_queue_url: dead_letters.queue_url()?,
        image_pack_attributes: environment.image_pack_attributes(),
        tenants_with_existing_distribution: environment.tenants_with_existing_distribution(),
        purge_run_function: purging::woken(scope, image_invalidation)?,
    };
    let live = Function {
        id: "ImagePacksStream",
        binary: "dynamodb-imagepacks-stream",
        description: "Enqueues a purge for each meaningful change of an image pack",
        memory_mb: 256,
        timeout_secs: 60,
        variables: config.variables(),
        wide: Some("ListStreams has no resource to narrow it to"),
    }
    .declare_with(scope, environment.handlers.purge_reserved_concurrency, |alias| alias)?;
    allow(&live, ["dynamodb:UpdateItem"], [&data.invalidation_queue.arn])?;
    purging::grant_wake_up(scope, &live, image_invalidation)?;
    allow(&live, ["sqs:SendMessage"], [&dead_letters.queue_arn()?])?;

    let age = live.function.metric_with_props("IteratorAge", period(1).statistic("Maximum"))?;
    let alarm = alarms.raise(&Alarm {
        id: "StreamAgeAlarm",
        description: "The oldest record of the image-pack table's stream is 5 minutes old: changed images are purged \
                      late. Check the log and the throttles of dynamodb-imagepacks-stream",
        metric: (&age).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(ITERATOR_AGE_MAX_MILLIS),
    })?;
    alarms.show("Stream: age of the oldest record", &age);
    live.shift_traffic(scope, "ImagePacksStream", &alarm)?;
    Ok(live)
}

/// Invokes the function with the records of the image-pack table's stream, and returns the id of the mapping.
pub(crate) fn read_stream(scope: Scope, live: &Live, dead_letters: &Queue) -> Result<String> {
    let stream = &scope.environment.stream;
    // LATEST can miss records while the mapping is created or changed.
    let source = DynamoEventSource::builder(&scope.data.image_packs.table, StartingPosition::TrimHorizon)
        .batch_size(stream.batch_size)
        .max_batching_window(Duration::from_secs(stream.batch_window_secs.into()))
        .report_batch_item_failures(true)
        .bisect_batch_on_error(true)
        // Without a number of retries, Lambda retries until this age. The function itself sends records that will
        // never succeed to the dead-letter queue, so a number would only give up records in an outage.
        .max_record_age(Duration::from_secs(stream.record_age_max_secs.into()))
        .on_failure(SqsDlq::new(dead_letters))
        .build()?;
    live.alias.add_event_source(&source)?;
    source.event_source_mapping_id()
}
