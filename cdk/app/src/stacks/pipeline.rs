//! The pipeline stack: from the image-pack table's stream to the caches, and the admin's shortcut.

use aws_cdk_lib::aws_lambda::{FunctionUrl, FunctionUrlAuthType, FunctionUrlOptions, StartingPosition};
use aws_cdk_lib::aws_lambda_event_sources::{DynamoEventSource, DynamoEventSourceProps, SqsDlq};
use aws_cdk_lib::aws_sqs::{Queue, QueueEncryption, QueueProps};
use aws_cdk_lib::aws_ssm::{StringParameter, StringParameterProps};
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{ArnComponents, CfnOutput, CfnOutputProps, Duration, Result, Stack};
use serde_json::json;

use crate::api::AdminApi;
use crate::alarms::{self, Watched};
use crate::config::{AttributeNames, Environment};
use crate::stacks::data::{Data, UPLOADS_PREFIX};
use crate::functions::{Handler, allow};
use crate::schedule;

/// Days that the dead-letter queue keeps a message: the most that SQS offers.
const DEAD_LETTERS_KEPT_DAYS: u32 = 14;

/// How long one purge run may take, in seconds.
const PURGE_RUN_TIMEOUT_SECS: u32 = 240;

/// How long the lease of a purge run lasts, in seconds: longer than the run itself can take, so that two purge runs do
/// not overlap. If they do all the same, the lease's token tells them apart.
const LEASE_SECS: u32 = PURGE_RUN_TIMEOUT_SECS + 15;

/// How long a purge run may wait, when it has done everything else, for CloudFront to complete what it sent, in
/// seconds. 95 of 100 invalidations are within 25 (AWS, "What's new", April 2026).
const TRACKING_SECS_MAX: u32 = 60;

/// How long an admin's or editor's request may take, in seconds: what API Gateway waits for.
const REQUEST_TIMEOUT_SECS: u32 = 29;

/// How long a purge run may spend on deleting variants, in seconds. The rest is for the pause after it, the
/// invalidations and the ledger.
const PURGE_RUN_VARIANT_DELETION_SECS_MAX: u32 = 150;

/// The same for an admin's DELETE.
const REQUEST_VARIANT_DELETION_SECS_MAX: u32 = 15;

/// What the tenants' stacks build on.
pub(crate) struct Pipeline {
    /// The URL of image-processing: the origin of every distribution.
    pub(crate) origin: FunctionUrl,
    /// May be granted to invalidate a distribution.
    pub(crate) purge_run: RustFunction,
    /// May be granted to invalidate a distribution.
    pub(crate) manual_purge: RustFunction,
}

impl Pipeline {
    pub(crate) fn declare(stack: &Stack, environment: &Environment, data: &Data) -> Result<Self> {
        // Nodes, in the order in which data flows.
        let dead_letters = Queue::new_with_props(
            stack,
            "DeadLetters",
            QueueProps::new()
                .encryption(QueueEncryption::SqsManaged)
                .enforce_ssl(true)
                .retention_period(&Duration::days(DEAD_LETTERS_KEPT_DAYS)?),
        )?;
        let stream = stream_handler(stack, environment, data, &dead_letters)?;
        let image_invalidation = invalidation_handler(stack, environment, data, &dead_letters)?;
        let image_purge = purge_handler(stack, environment, data)?;
        let image_processing = processing_handler(stack, environment, data)?;
        let image_processing_url = image_processing.add_function_url_with_options(
            // Only a distribution that its tenant's stack permits may call it.
            FunctionUrlOptions::new().auth_type(FunctionUrlAuthType::AwsIam),
        )?;
        let image_management = management_handler(stack, environment, data)?;
        let admin_api = AdminApi::declare(stack, environment)?;

        // Edges: what invokes what.
        stream.add_event_source(&stream_source(environment, data, &dead_letters)?)?;
        schedule::declare(stack, environment, &image_invalidation)?;
        admin_api.route_purges(&image_purge)?;
        admin_api.route_management(stack, &image_management)?;
        admin_api.publish(stack)?;
        let watched = Watched {
            dead_letters: &dead_letters,
            stream: &stream,
            image_invalidation: &image_invalidation,
            image_purge: &image_purge,
            image_processing: &image_processing,
            image_management: &image_management,
        };
        alarms::declare(stack, environment, &watched)?;
        register_for_recovery(stack, environment, data, &dead_letters)?;

        CfnOutput::new(stack, "DeadLetterQueueUrl", CfnOutputProps::new(dead_letters.queue_url()?))?;
        Ok(Self { origin: image_processing_url, purge_run: image_invalidation, manual_purge: image_purge })
    }
}

fn stream_handler(stack: &Stack, environment: &Environment, data: &Data, dead_letters: &Queue) -> Result<RustFunction> {
    let function = Handler {
        id: "ImagePacksStream",
        binary: "dynamodb-imagepacks-stream",
        description: "Enqueues what a change of an image pack makes stale",
        memory_mb: 256,
        timeout_secs: 60,
        environment: vec![
            ("INVALIDATION_QUEUE_TABLE", data.invalidation_queue.table_name()?),
            ("DEAD_LETTER_QUEUE_URL", dead_letters.queue_url()?),
            ("IMAGE_PACK_ATTRIBUTES", image_pack_attributes(environment)),
        ],
    }
    .declare(stack, environment)?;
    allow(&function, ["dynamodb:UpdateItem"], [data.invalidation_queue.table_arn()?])?;
    allow(&function, ["sqs:SendMessage"], [dead_letters.queue_arn()?])?;
    Ok(function)
}

fn invalidation_handler(
    stack: &Stack,
    environment: &Environment,
    data: &Data,
    dead_letters: &Queue,
) -> Result<RustFunction> {
    let period = Duration::minutes(environment.purge.every_minutes)?;
    let mut variables = purge_variables(environment, data, PURGE_RUN_VARIANT_DELETION_SECS_MAX)?;
    variables.push(("LEASE_SECS", LEASE_SECS.to_string()));
    variables.push(("TRACKING_SECS_MAX", TRACKING_SECS_MAX.to_string()));
    variables.push(("DEAD_LETTER_QUEUE_URL", dead_letters.queue_url()?));
    let function = Handler {
        id: "ImageInvalidation",
        binary: "image-invalidation",
        description: "Purges what waits in the invalidation queue",
        memory_mb: 512,
        timeout_secs: PURGE_RUN_TIMEOUT_SECS,
        environment: variables,
    }
    .declare_with(stack, environment, |props| {
        // The next purge run does what this one could not: a repetition or a backlog of purge runs would help nobody.
        props.retry_attempts(0).max_event_age(&period)
    })?;
    allow_purging(stack, environment, data, &function)?;
    let queue_actions = ["dynamodb:Scan", "dynamodb:Query", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem"];
    allow(&function, queue_actions, [data.invalidation_queue.table_arn()?])?;
    allow(&function, ["dynamodb:UpdateItem"], [data.purge_ledger.table_arn()?])?;
    allow(&function, ["sqs:SendMessage"], [dead_letters.queue_arn()?])?;
    Ok(function)
}

fn purge_handler(stack: &Stack, environment: &Environment, data: &Data) -> Result<RustFunction> {
    let mut variables = purge_variables(environment, data, REQUEST_VARIANT_DELETION_SECS_MAX)?;
    variables.push(("IMAGE_PACK_TABLE", data.image_packs.table_name()?));
    variables.push(("IMAGE_PACK_ATTRIBUTES", image_pack_attributes(environment)));
    variables.push(("TENANT_CLAIM", environment.admin_api.tenant_claim.clone()));
    let function = Handler {
        id: "ImagePurge",
        binary: "image-purge",
        description: "Serves admins: purges one image pack at once, or says where its purge stands",
        memory_mb: 512,
        timeout_secs: REQUEST_TIMEOUT_SECS,
        environment: variables,
    }
    .declare(stack, environment)?;
    allow_purging(stack, environment, data, &function)?;
    allow(&function, ["dynamodb:BatchGetItem"], [data.image_packs.table_arn()?])?;
    // To say where a purge stands.
    allow(&function, ["dynamodb:GetItem", "dynamodb:Query"], [data.invalidation_queue.table_arn()?])?;
    allow(&function, ["dynamodb:Query"], [data.purge_ledger.table_arn()?])?;
    Ok(function)
}

fn processing_handler(stack: &Stack, environment: &Environment, data: &Data) -> Result<RustFunction> {
    let handlers = &environment.handlers;
    let function = Handler {
        id: "ImageProcessing",
        binary: "image-processing",
        description: "Serves viewers: reads a variant, or renders it from its original and stores it",
        memory_mb: 1769,
        timeout_secs: handlers.image_processing_timeout_secs,
        environment: vec![
            ("IMAGE_PACK_TABLE", data.image_packs.table_name()?),
            ("IMAGE_PACK_ATTRIBUTES", image_pack_attributes(environment)),
            ("ORIGINALS_BUCKET", data.originals.bucket_name()?),
            ("VARIANTS_BUCKET", data.variants.bucket_name()?),
            ("RENDER_LOCK_TABLE", data.render_locks.table_name()?),
            ("RENDER_TIMEOUT_SECS", handlers.image_processing_timeout_secs.to_string()),
            ("CACHE_TAG_HEADER", environment.viewer.cache_tag_header.clone()),
        ],
    }
    .declare_with(stack, environment, |props| match handlers.image_processing_reserved_concurrency {
        Some(executions) => props.reserved_concurrent_executions(executions),
        None => props,
    })?;
    allow(&function, ["dynamodb:BatchGetItem"], [data.image_packs.table_arn()?])?;
    allow(&function, ["dynamodb:PutItem", "dynamodb:DeleteItem"], [data.render_locks.table_arn()?])?;
    allow(&function, ["s3:GetObjectVersion"], [data.originals.arn_for_objects("*")?])?;
    // It deletes a variant that was stale by the time it was stored.
    allow(&function, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [data.variants.arn_for_objects("*")?])?;
    // Without it S3 returns 403 instead of 404 for a variant that is not stored yet.
    allow(&function, ["s3:ListBucket"], [data.variants.bucket_arn()?, data.originals.bucket_arn()?])?;
    Ok(function)
}

fn management_handler(stack: &Stack, environment: &Environment, data: &Data) -> Result<RustFunction> {
    let exempt_hosts = &environment.admin_api.fetch_exempt_hosts;
    let function = Handler {
        id: "ImageManagement",
        binary: "image-management",
        description: "Serves editors: changes image packs, their originals and location configurations",
        // An image that is uploaded or fetched is held in memory, beside what checks it.
        memory_mb: 1024,
        timeout_secs: REQUEST_TIMEOUT_SECS,
        environment: vec![
            ("IMAGE_PACK_TABLE", data.image_packs.table_name()?),
            ("IMAGE_PACK_ATTRIBUTES", image_pack_attributes(environment)),
            ("ORIGINALS_BUCKET", data.originals.bucket_name()?),
            ("TENANT_CLAIM", environment.admin_api.tenant_claim.clone()),
            // A handler takes an empty variable for a missing one.
            ("FETCH_EXEMPT_HOSTS", if exempt_hosts.is_empty() { "none".to_owned() } else { exempt_hosts.join(",") }),
        ],
    }
    .declare(stack, environment)?;
    let table_actions = ["dynamodb:GetItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query"];
    allow(&function, table_actions, [data.image_packs.table_arn()?])?;
    allow(&function, ["s3:PutObject", "s3:DeleteObject"], [data.originals.arn_for_objects("*")?])?;
    allow(&function, ["s3:GetObject"], [data.originals.arn_for_objects(format!("{UPLOADS_PREFIX}*"))?])?;
    // Without it S3 returns 403 instead of 404 for an upload that never came.
    allow(&function, ["s3:ListBucket"], [data.originals.bucket_arn()?])?;
    Ok(function)
}

/// What handlers call the attributes of the image-pack table.
fn image_pack_attributes(environment: &Environment) -> String {
    json!(attribute_names(environment)).to_string()
}

fn attribute_names(environment: &Environment) -> AttributeNames {
    let existing = environment.existing.image_packs.as_ref();
    existing.map_or_else(AttributeNames::default, |table| table.attributes.clone())
}

/// Tells the command `recover` what everything is called, so that an operator need only name the environment.
fn register_for_recovery(stack: &Stack, environment: &Environment, data: &Data, dead_letters: &Queue) -> Result<()> {
    let registration = json!({
        "imagePackTable": data.image_packs.table_name()?,
        "imagePackStreamArn": data.image_packs.table_stream_arn()?,
        "imagePackAttributes": attribute_names(environment),
        "invalidationQueueTable": data.invalidation_queue.table_name()?,
        "purgeLedgerTable": data.purge_ledger.table_name()?,
        "variantsBucket": data.variants.bucket_name()?,
        "deadLetterQueueUrl": dead_letters.queue_url()?,
        "settleDelaySecs": environment.purge.settle_delay_secs,
    });
    StringParameter::new(
        stack,
        "Recovery",
        StringParameterProps::new(registration.to_string())
            .parameter_name(format!("/{}-lof/images/recovery", environment.name))
            .description("What the command recover works with"),
    )?;
    Ok(())
}

/// The environment variables of every handler that purges.
fn purge_variables(
    environment: &Environment,
    data: &Data,
    variant_deletion_secs_max: u32,
) -> Result<Vec<(&'static str, String)>> {
    let purge = &environment.purge;
    Ok(vec![
        ("INVALIDATION_QUEUE_TABLE", data.invalidation_queue.table_name()?),
        ("PURGE_LEDGER_TABLE", data.purge_ledger.table_name()?),
        ("VARIANTS_BUCKET", data.variants.bucket_name()?),
        ("TENANT_REGISTRY_PATH", tenant_registry_path(environment)),
        ("SETTLE_DELAY_SECS", purge.settle_delay_secs.to_string()),
        ("VARIANT_DELETION_SECS_MAX", variant_deletion_secs_max.to_string()),
        ("EDGE_FETCH_MAX_SECS", purge.edge_fetch_max_secs.to_string()),
        ("ITEMS_PER_REQUEST_MAX", purge.items_per_request_max.to_string()),
        ("ITEMS_PER_PURGE_RUN_MAX", purge.items_per_purge_run_max.to_string()),
        ("WILDCARDS_PER_PURGE_RUN_MAX", purge.wildcards_per_purge_run_max.to_string()),
        ("LEDGER_RETENTION_DAYS", purge.ledger_retention_days.to_string()),
    ])
}

/// Allows what every handler that purges does, besides invalidating: that is granted by each tenant's stack, for its
/// own distribution.
fn allow_purging(stack: &Stack, environment: &Environment, data: &Data, function: &RustFunction) -> Result<()> {
    let registry = stack.format_arn(
        ArnComponents::new("parameter", "ssm").resource_name(tenant_registry_path(environment).trim_start_matches('/')),
    )?;
    allow(function, ["ssm:GetParametersByPath"], [format!("{registry}/*"), registry])?;
    allow(function, ["dynamodb:UpdateItem", "dynamodb:PutItem"], [data.invalidation_queue.table_arn()?])?;
    allow(function, ["s3:ListBucket"], [data.variants.bucket_arn()?])?;
    allow(function, ["s3:DeleteObject"], [data.variants.arn_for_objects("*")?])?;
    allow(function, ["dynamodb:PutItem"], [data.purge_ledger.table_arn()?])
}

/// Where tenants are registered in Systems Manager Parameter Store.
pub(crate) fn tenant_registry_path(environment: &Environment) -> String {
    format!("/{}-lof/images/tenants", environment.name)
}

fn stream_source(environment: &Environment, data: &Data, dead_letters: &Queue) -> Result<DynamoEventSource> {
    let stream = &environment.stream;
    DynamoEventSource::new(
        &data.image_packs,
        // LATEST can miss records while the mapping is created or changed.
        DynamoEventSourceProps::new(StartingPosition::TrimHorizon)
            .batch_size(stream.batch_size)
            .max_batching_window(&Duration::seconds(stream.batch_window_secs)?)
            .report_batch_item_failures(true)
            .bisect_batch_on_error(true)
            .retry_attempts(stream.retries_max)
            .max_record_age(&Duration::seconds(stream.record_age_max_secs)?)
            .on_failure(&SqsDlq::new(dead_letters)?),
    )
}
