//! The pipeline stack: from the image-pack table's stream to the caches, and the HTTP API.

use std::iter::once;
use std::path::Path;

use aws_cdk_lib::aws_lambda::FunctionUrl;
use aws_cdk_lib::aws_sqs::{Queue, QueueEncryption};
use aws_cdk_lib::aws_ssm::StringParameter;
use aws_cdk_lib::{CfnOutput, Duration, Fn, Result, Stack};
use contract::names::{Installation, recovery_parameter};
use serde_json::json;

use crate::alarms::{Alarm, Alarms, PERIOD_MINUTES, Threshold, period};
use crate::api::AdminApi;
use crate::config::Environment;
use crate::dashboard;
use crate::functions::{
    Live, Scope, dynamodb_imagepacks_stream, image_invalidation, image_management, image_processing, image_purge,
    image_warming, purge_events,
};
use crate::nag::acknowledge;
use crate::stacks::Data;

/// Retention of the dead-letter queue, in days: the most that SQS offers.
const DEAD_LETTERS_KEPT_DAYS: u32 = 14;

/// Retention of a stream, in hours ("Change data capture for DynamoDB Streams", developer guide).
const STREAM_KEEPS_HOURS: u32 = 24;

/// Longest time from the start of a purge run until CloudFront has completed its invalidation, in seconds. CloudFront
/// completes 95 of 100 within 25 s; the schedule is precise to a minute.
const COMPLETED_WITHIN_SECS: u64 = 120;

/// The resources that the stacks of the tenants refer to.
pub(crate) struct Pipeline {
    /// The host of image-processing's URL: the origin of every distribution.
    pub(crate) origin_host: String,
    /// The functions that may be granted to invalidate a distribution.
    pub(crate) purging: [Live; 2],
}

impl Pipeline {
    /// Declares the pipeline. `cloudfront_topic` is the ARN of the topic of the alarm on CloudFront's errors.
    pub(crate) fn declare(
        stack: &Stack,
        environment: &Environment,
        binaries: &Path,
        data: &Data,
        cloudfront_topic: Option<String>,
    ) -> Result<Self> {
        let scope = Scope { stack, environment, binaries, data };
        let mut alarms = Alarms::new(stack, environment.alarm_topic())?;

        // Nodes, each behind those that it names.
        let dead_letters = dead_letters(scope, &mut alarms)?;
        let image_invalidation = image_invalidation::declare(scope, &dead_letters, &mut alarms)?;
        let stream = dynamodb_imagepacks_stream::declare(scope, &dead_letters, &image_invalidation, &mut alarms)?;
        let image_purge = image_purge::declare(scope, &image_invalidation, &mut alarms)?;
        let (image_processing, url) = image_processing::declare(scope, &mut alarms)?;
        let image_management = image_management::declare(scope, &mut alarms)?;
        let admin_api = AdminApi::declare(stack, environment)?;
        if let Some(bus) = purge_events::declare(scope, &mut alarms)? {
            image_warming::declare(scope, &bus, &mut alarms)?;
        }

        // Edges: each node and the nodes that invoke it.
        let stream_mapping_id = dynamodb_imagepacks_stream::read_stream(scope, &stream, &dead_letters)?;
        let schedule_name = image_invalidation::schedule(scope, &image_invalidation)?;
        admin_api.route_purges(&image_purge)?;
        admin_api.route_management(stack, &image_management)?;
        admin_api.publish(stack)?;
        admin_api.watch(&mut alarms)?;

        let alarm_topic_arns = once(alarms.topic_arn.clone()).chain(cloudfront_topic).collect();
        dashboard::declare(stack, environment, [&image_invalidation, &image_purge], alarms.into_graphs())?;
        let watched = Watched {
            image_invalidation: image_invalidation.alias.function_arn()?,
            image_processing,
            stream_mapping_id,
            schedule_name,
            alarm_topic_arns,
        };
        register_for_operators(scope, &dead_letters, watched)?;
        CfnOutput::builder(stack, "DeadLetterQueueUrl", dead_letters.queue_url()).build()?;
        Ok(Self { origin_host: origin_host(stack, &url)?, purging: [image_invalidation, image_purge] })
    }
}

/// Outputs the host of `url`, and returns a reference to the output for other stacks. AWS documents no reference to another
/// stack inside `Fn::Split`, so the host is split off here.
fn origin_host(stack: &Stack, url: &FunctionUrl) -> Result<String> {
    let output = "ImageProcessingHost";
    let host = Fn::select(2, Fn::split("/", url.url())?);
    CfnOutput::builder(stack, output, host).build()?;
    Fn::get_stack_output(stack.stack_name(), output)
}

/// Declares the dead-letter queue and its alarm.
fn dead_letters(scope: Scope, alarms: &mut Alarms) -> Result<Queue> {
    let Scope { stack, environment, .. } = scope;
    let queue = Queue::builder(stack, "DeadLetters")
        .encryption(QueueEncryption::SqsManaged)
        .enforce_ssl(true)
        .retention_period(Duration::days(DEAD_LETTERS_KEPT_DAYS))
        .build()?;
    let reason = "It is the dead-letter queue";
    acknowledge(&queue, [("AwsSolutions-SQS3", reason), ("Serverless-SQSRedrivePolicy", reason)])?;
    let options = period(PERIOD_MINUTES).statistic("Maximum");
    let messages = queue.metric_approximate_number_of_messages_visible_with_props(options)?;
    // A dead letter of the stream names records, which the stream deletes 24 hours after they were written.
    let hours = STREAM_KEEPS_HOURS - environment.stream.record_age_max_secs.div_ceil(60 * 60);
    let description = format!(
        "The dead-letter queue has messages: changes that could not be processed or purges that failed. Within {hours} \
         hours: imagecache dead-letters replay --environment {}",
        environment.name
    );
    alarms.raise(&Alarm {
        id: "DeadLettersAlarm",
        description: &description,
        metric: (&messages).into(),
        datapoints: (1, 1),
        threshold: Threshold::AtLeast(1),
    })?;
    alarms.show("Dead letters", &messages);
    Ok(queue)
}

/// The resources that only the operators' commands need.
struct Watched {
    image_invalidation: String,
    image_processing: Live,
    stream_mapping_id: String,
    schedule_name: String,
    alarm_topic_arns: Vec<String>,
}

/// Registers the names of the resources for the operators' command line, which needs the environment's name only.
fn register_for_operators(scope: Scope, dead_letters: &Queue, watched: Watched) -> Result<()> {
    let Scope { stack, environment, data, .. } = scope;
    let settle_delay_secs = environment.settle_delay_secs().into();
    let scheduled_within_secs = u64::from(environment.purge.every_minutes) * 60;
    let installation = Installation {
        image_pack_table: data.image_packs.name.clone(),
        // Every image-pack table has a stream, one of the data stack and an existing one.
        image_pack_stream_arn: data.image_packs.table.table_stream_arn()?.unwrap_or_default(),
        image_pack_attributes: environment.image_pack_attributes(),
        tenants_with_existing_distribution: environment.tenants_with_existing_distribution(),
        invalidation_queue_table: data.invalidation_queue.name.clone(),
        purge_ledger_table: data.purge_ledger.name.clone(),
        variants_bucket: data.variants.name.clone(),
        originals_bucket: data.originals.name.clone(),
        render_lock_table: data.render_locks.name.clone(),
        dead_letter_queue_url: dead_letters.queue_url()?,
        settle_delay_secs,
        purged_within_secs: settle_delay_secs + scheduled_within_secs + COMPLETED_WITHIN_SECS,
        image_invalidation_arn: watched.image_invalidation,
        image_processing_arn: watched.image_processing.alias.function_arn()?,
        cache_tag_header: environment.viewer.cache_tag_header.clone(),
        viewer_domain: environment.viewer.domain.clone(),
        stream_mapping_id: watched.stream_mapping_id,
        schedule_name: watched.schedule_name,
        alarm_topic_arns: watched.alarm_topic_arns,
    };
    StringParameter::builder(stack, "Recovery", json!(installation).to_string())
        .parameter_name(recovery_parameter(&environment.name))
        .description("Names of the resources, for the operators' command line")
        .build()?;
    Ok(())
}
