//! The pipeline stack: from the image-pack table's stream to the caches, and the admin's shortcut.

use aws_cdk_lib::aws_apigatewayv2::{
    AddRoutesOptions, CfnApiMapping, CfnApiMappingProps, HttpApi, HttpApiProps, HttpMethod, HttpStage, HttpStageProps,
    ThrottleSettings,
};
use aws_cdk_lib::aws_apigatewayv2_authorizers::{HttpJwtAuthorizer, HttpJwtAuthorizerProps};
use aws_cdk_lib::aws_apigatewayv2_integrations::HttpLambdaIntegration;
use aws_cdk_lib::aws_lambda::{FunctionUrl, FunctionUrlAuthType, FunctionUrlOptions, StartingPosition};
use aws_cdk_lib::aws_lambda_event_sources::{DynamoEventSource, DynamoEventSourceProps, SqsDlq};
use aws_cdk_lib::aws_sqs::{Queue, QueueEncryption, QueueProps};
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{ArnComponents, CfnOutput, CfnOutputProps, Duration, Result, Stack};

use crate::alarms;
use crate::configuration::Environment;
use crate::data_stack::Data;
use crate::handler::{Handler, allow};
use crate::schedule;

/// Days that the dead-letter queue keeps a message: the most that SQS offers.
const DEAD_LETTERS_KEPT_DAYS: u32 = 14;

/// How long one scheduled run may take, in seconds.
const RUN_TIMEOUT_SECS: u32 = 240;

/// How long a run holds its lease, in seconds: longer than it can run, so that two runs never overlap.
const LEASE_SECS: u32 = RUN_TIMEOUT_SECS + 15;

/// How long an admin's DELETE may take, in seconds: what API Gateway waits for.
const PURGE_TIMEOUT_SECS: u32 = 29;

/// What the tenants' stacks build on.
pub(crate) struct Pipeline {
    /// Where image-processing answers: the origin of every distribution.
    pub(crate) origin: FunctionUrl,
    /// May be granted to invalidate a distribution.
    pub(crate) scheduled_purge: RustFunction,
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
        let image_invalidation = invalidation_handler(stack, environment, data)?;
        let image_purge = purge_handler(stack, environment, data)?;
        let image_processing = processing_handler(stack, environment, data)?;
        let image_processing_url = image_processing.add_function_url_with_options(
            // Only a distribution that its tenant's stack permits may call it.
            FunctionUrlOptions::new().auth_type(FunctionUrlAuthType::AwsIam),
        )?;
        let admin_api = HttpApi::new_with_props(
            stack,
            "AdminApi",
            HttpApiProps::new().create_default_stage(false).description("The admin's purge of image caches"),
        )?;

        // Edges: what invokes what.
        stream.add_event_source(&stream_source(environment, data, &dead_letters)?)?;
        schedule::declare(stack, environment, &image_invalidation)?;
        route_purges(stack, environment, &admin_api, &image_purge)?;
        alarms::declare(
            stack,
            environment,
            &dead_letters,
            &stream,
            &image_invalidation,
            &image_purge,
            &image_processing,
        )?;

        CfnOutput::new(stack, "DeadLetterQueueUrl", CfnOutputProps::new(dead_letters.queue_url()?))?;
        Ok(Self { origin: image_processing_url, scheduled_purge: image_invalidation, manual_purge: image_purge })
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
        ],
    }
    .declare(stack, environment)?;
    allow(&function, ["dynamodb:UpdateItem"], [data.invalidation_queue.table_arn()?])?;
    allow(&function, ["sqs:SendMessage"], [dead_letters.queue_arn()?])?;
    Ok(function)
}

fn invalidation_handler(stack: &Stack, environment: &Environment, data: &Data) -> Result<RustFunction> {
    let period = Duration::minutes(environment.purge.every_minutes)?;
    let mut variables = purge_variables(environment, data)?;
    variables.push(("LEASE_SECS", LEASE_SECS.to_string()));
    let function = Handler {
        id: "ImageInvalidation",
        binary: "image-invalidation",
        description: "Purges what waits in the invalidation queue",
        memory_mb: 512,
        timeout_secs: RUN_TIMEOUT_SECS,
        environment: variables,
    }
    .declare_with(stack, environment, |props| {
        // The next run does what this one could not: a repetition or a backlog of runs would help nobody.
        props.retry_attempts(0).max_event_age(&period)
    })?;
    allow_purging(stack, environment, data, &function)?;
    allow(&function, ["dynamodb:Scan", "dynamodb:DeleteItem"], [data.invalidation_queue.table_arn()?])?;
    Ok(function)
}

fn purge_handler(stack: &Stack, environment: &Environment, data: &Data) -> Result<RustFunction> {
    let mut variables = purge_variables(environment, data)?;
    variables.push(("IMAGE_PACK_TABLE", data.image_packs.table_name()?));
    variables.push(("TENANT_CLAIM", environment.admin_api.tenant_claim.clone()));
    let function = Handler {
        id: "ImagePurge",
        binary: "image-purge",
        description: "Answers an admin's DELETE: purges one image pack at once",
        memory_mb: 512,
        timeout_secs: PURGE_TIMEOUT_SECS,
        environment: variables,
    }
    .declare(stack, environment)?;
    allow_purging(stack, environment, data, &function)?;
    allow(&function, ["dynamodb:BatchGetItem"], [data.image_packs.table_arn()?])?;
    Ok(function)
}

fn processing_handler(stack: &Stack, environment: &Environment, data: &Data) -> Result<RustFunction> {
    let function = Handler {
        id: "ImageProcessing",
        binary: "image-processing",
        description: "Answers viewers: reads a variant, or makes it from its original and stores it",
        memory_mb: 1769,
        timeout_secs: environment.handlers.image_processing_timeout_secs,
        environment: vec![
            ("IMAGE_PACK_TABLE", data.image_packs.table_name()?),
            ("ORIGINALS_BUCKET", data.originals.bucket_name()?),
            ("VARIANTS_BUCKET", data.variants.bucket_name()?),
            ("CACHE_TAG_HEADER", environment.viewer.cache_tag_header.clone()),
        ],
    }
    .declare(stack, environment)?;
    allow(&function, ["dynamodb:BatchGetItem"], [data.image_packs.table_arn()?])?;
    allow(&function, ["s3:GetObjectVersion"], [data.originals.arn_for_objects("*")?])?;
    allow(&function, ["s3:GetObject", "s3:PutObject"], [data.variants.arn_for_objects("*")?])?;
    // Without it S3 answers 403 instead of 404 for a variant that is not stored yet.
    allow(&function, ["s3:ListBucket"], [data.variants.bucket_arn()?, data.originals.bucket_arn()?])?;
    Ok(function)
}

/// The environment variables of every handler that purges.
fn purge_variables(environment: &Environment, data: &Data) -> Result<Vec<(&'static str, String)>> {
    let purge = &environment.purge;
    Ok(vec![
        ("INVALIDATION_QUEUE_TABLE", data.invalidation_queue.table_name()?),
        ("PURGE_LEDGER_TABLE", data.purge_ledger.table_name()?),
        ("VARIANTS_BUCKET", data.variants.bucket_name()?),
        ("TENANT_REGISTRY_PATH", tenant_registry_path(environment)),
        ("SETTLE_DELAY_SECS", purge.settle_delay_secs.to_string()),
        ("EDGE_FETCH_MAX_SECS", purge.edge_fetch_max_secs.to_string()),
        ("ITEMS_PER_REQUEST_MAX", purge.items_per_request_max.to_string()),
        ("ITEMS_PER_RUN_MAX", purge.items_per_run_max.to_string()),
        ("WILDCARDS_PER_RUN_MAX", purge.wildcards_per_run_max.to_string()),
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
    allow(function, ["dynamodb:UpdateItem"], [data.invalidation_queue.table_arn()?])?;
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

/// Gives the API its one route, `DELETE /<environment>-lof/images/{tenant}/{imagePackId}`.
fn route_purges(stack: &Stack, environment: &Environment, api: &HttpApi, image_purge: &RustFunction) -> Result<()> {
    let admin = &environment.admin_api;
    let stage_name = format!("{}-lof", environment.name);
    let stage = HttpStage::new(
        stack,
        "AdminStage",
        HttpStageProps::new(api)
            .stage_name(stage_name.as_str())
            .auto_deploy(true)
            .throttle(ThrottleSettings::new().rate_limit(20).burst_limit(40)),
    )?;
    let authorizer =
        HttpJwtAuthorizer::new("AdminToken", &admin.issuer, HttpJwtAuthorizerProps::new([admin.audience.as_str()]))?;
    api.add_routes(
        AddRoutesOptions::new("/images/{tenant}/{imagePackId}", &HttpLambdaIntegration::new("Purge", image_purge)?)
            .methods([HttpMethod::Delete])
            .authorizer(&authorizer)
            .authorization_scopes([admin.scope.as_str()]),
    )?;
    if let Some(domain) = &admin.domain {
        let mapping =
            CfnApiMappingProps::new(api.api_id()?, domain.as_str(), stage.stage_name()?).api_mapping_key(stage_name);
        CfnApiMapping::new(stack, "UnifiedApi", mapping)?;
    }
    let url = stage.url()?;
    CfnOutput::new(stack, "AdminApiUrl", CfnOutputProps::new(url.trim_end_matches('/')))?;
    Ok(())
}
