//! What tells people: an alarm where something needs them, and one dashboard.

use aws_cdk_lib::aws_cloudwatch::{
    Alarm, AlarmProps, ComparisonOperator, Dashboard, GraphWidget, GraphWidgetProps, IMetric, IWidget, Metric,
    MetricOptions, TreatMissingData,
};
use aws_cdk_lib::aws_sqs::Queue;
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{Duration, Result, Stack};

use crate::config::Environment;

/// How long an alarm looks at a time, in minutes.
const PERIOD_MINUTES: u32 = 5;

/// How far the stream handler may lag behind the table before somebody is told, in milliseconds.
const ITERATOR_AGE_MAX_MILLIS: u32 = 5 * 60 * 1000;

/// How long a stream keeps its records, in hours ("Change data capture for DynamoDB Streams", developer guide).
const STREAM_KEEPS_HOURS: u32 = 24;

/// Purge runs in a row that may fail before somebody is told. One failure repairs itself: the next purge run repeats
/// it.
const FAILED_PURGE_RUNS_MAX: u32 = 3;

/// What is watched.
pub(crate) struct Watched<'a> {
    pub(crate) dead_letters: &'a Queue,
    pub(crate) stream: &'a RustFunction,
    pub(crate) image_invalidation: &'a RustFunction,
    pub(crate) image_purge: &'a RustFunction,
    pub(crate) image_processing: &'a RustFunction,
    pub(crate) image_management: &'a RustFunction,
}

pub(crate) fn declare(stack: &Stack, environment: &Environment, watched: &Watched) -> Result<()> {
    let Watched { dead_letters, stream, image_invalidation, image_purge, image_processing, image_management } = watched;
    let every = |minutes: u32| Ok(MetricOptions::new().period(&Duration::minutes(minutes)?));
    let period = || every(PERIOD_MINUTES);
    // A period without a purge run would count as one without a failure, and no purge runs in a row would ever fail.
    let purge_run_period = every(PERIOD_MINUTES.max(environment.purge.every_minutes))?;
    let dead = dead_letters.metric_approximate_number_of_messages_visible_with_props(period()?.statistic("Maximum"))?;
    let age = stream.metric_with_props("IteratorAge", period()?.statistic("Maximum"))?;
    let failed_purge_runs = image_invalidation.metric_errors_with_props(purge_run_period)?;
    let failed_purges = image_purge.metric_errors_with_props(period()?)?;
    let failed_images = image_processing.metric_errors_with_props(period()?)?;
    let failed_edits = image_management.metric_errors_with_props(period()?)?;

    let alarm = |id: &str, description: &str, metric: &Metric, periods: u32, threshold: u32| {
        Alarm::new(
            stack,
            id,
            AlarmProps::new(metric, periods, threshold)
                .alarm_description(description)
                .comparison_operator(ComparisonOperator::GreaterThanOrEqualToThreshold)
                .treat_missing_data(TreatMissingData::NotBreaching),
        )
    };
    let hours = STREAM_KEEPS_HOURS - environment.stream.record_age_max_secs.div_ceil(60 * 60);
    let dead_letters = format!(
        "Something could not be read, delivered or purged. Within {hours} hours: imagecache replay --environment {}",
        environment.name
    );
    alarm("DeadLettersAlarm", &dead_letters, &dead, 1, 1)?;
    alarm("StreamAgeAlarm", "Changes wait too long in the stream", &age, 1, ITERATOR_AGE_MAX_MILLIS)?;
    alarm("FailedPurgeRunsAlarm", "Purge runs fail again and again", &failed_purge_runs, FAILED_PURGE_RUNS_MAX, 1)?;
    alarm("FailedPurgesAlarm", "An admin's purge crashed", &failed_purges, 1, 1)?;
    alarm("FailedImagesAlarm", "Viewers get no image", &failed_images, 1, 1)?;
    alarm("FailedEditsAlarm", "An editor's request crashed", &failed_edits, 1, 1)?;

    let graph = |title: &str, metrics: Vec<IMetric>| {
        let widget = GraphWidget::new(GraphWidgetProps::new().title(title).left(metrics).width(12))?;
        Ok::<_, aws_cdk_lib::Error>(IWidget::from(&widget))
    };
    let dashboard = Dashboard::new(stack, "Dashboard")?;
    dashboard.add_widgets([
        graph("Waiting for people", vec![IMetric::from(&dead)])?,
        graph("Stream: age of the oldest record", vec![IMetric::from(&age)])?,
    ])?;
    dashboard.add_widgets([
        graph("Images rendered", vec![IMetric::from(&image_processing.metric_invocations()?)])?,
        graph(
            "Failures",
            [&failed_purge_runs, &failed_purges, &failed_images, &failed_edits].map(IMetric::from).into(),
        )?,
    ])
}
