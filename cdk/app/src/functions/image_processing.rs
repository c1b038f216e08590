//! The function `image-processing`: the origin of every distribution.

use aws_cdk_lib::Result;
use aws_cdk_lib::aws_iam::ServicePrincipal;
use aws_cdk_lib::aws_lambda::{FunctionUrl, FunctionUrlAuthType, FunctionUrlOptions, Permission};
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use contract::functions::ImageProcessing;
use contract::limits;

use super::{Function, Scope, allow, purging};
use crate::alarms::Alarms;

/// Declares the function, its URL, its grants and its alarm.
pub(crate) fn declare(scope: Scope, alarms: &mut Alarms) -> Result<FunctionUrl> {
    let Scope { environment, data, .. } = scope;
    let handlers = &environment.handlers;
    let config = ImageProcessing {
        image_packs: scope.image_packs()?,
        originals_bucket: data.originals.bucket_name()?,
        variants_bucket: data.variants.bucket_name()?,
        render_lock_table: data.render_locks.table_name()?,
        render_timeout_secs: handlers.image_processing_timeout_secs,
        answer_max_secs: limits::ANSWER_MAX_SECS,
        cache_tag_header: environment.viewer.cache_tag_header.clone(),
        cached_days_max: environment.viewer.cached_days_max,
    };
    let function = Function {
        id: "ImageProcessing",
        binary: "image-processing",
        description: "Serves viewers: reads a variant, or renders it from its original and stores it",
        memory_mb: 1769,
        timeout_secs: handlers.image_processing_timeout_secs,
        variables: config.variables(),
    }
    .declare_with(scope, |props| match handlers.image_processing_reserved_concurrency {
        Some(executions) => props.reserved_concurrent_executions(executions),
        None => props,
    })?;
    allow(&function, ["dynamodb:BatchGetItem"], [data.image_packs.table_arn()?])?;
    allow(&function, ["dynamodb:PutItem", "dynamodb:DeleteItem"], [data.render_locks.table_arn()?])?;
    allow(&function, ["s3:GetObjectVersion"], [data.originals.arn_for_objects("*")?])?;
    // The function deletes a variant that became stale before it was stored.
    allow(&function, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [data.variants.arn_for_objects("*")?])?;
    // Without it S3 returns 403 instead of 404 for a variant that is not stored yet.
    allow(&function, ["s3:ListBucket"], [data.variants.bucket_arn()?, data.originals.bucket_arn()?])?;
    let url =
        function.add_function_url_with_options(FunctionUrlOptions::new().auth_type(FunctionUrlAuthType::AwsIam))?;
    permit_distributions(scope, &function)?;

    let description = "image-processing crashed or timed out: viewers get an error instead of an image. Check the log \
                       of image-processing";
    alarms.raise_on_failure("FailedImagesAlarm", description, &function)?;
    alarms.show("Images rendered", &function.metric_invocations()?);
    Ok(url)
}

/// Permits every distribution of the account to call the URL. One permission for each would exceed the 20 KB of a
/// function's policy at 22 tenants. A distribution of another account is refused; one of this account that is not the
/// tenants' has no origin access control for it, unless somebody gives it one.
fn permit_distributions(scope: Scope, function: &RustFunction) -> Result<()> {
    let cloudfront = ServicePrincipal::new("cloudfront.amazonaws.com")?;
    let distributions = purging::distribution_arn(scope, "*")?;
    let permission = || Permission::new(&cloudfront).source_arn(distributions.as_str());
    function.add_permission(
        "DistributionsCallUrl",
        permission().action("lambda:InvokeFunctionUrl").function_url_auth_type(FunctionUrlAuthType::AwsIam),
    )?;
    function.add_permission("DistributionsInvoke", permission().invoked_via_function_url(true))
}
