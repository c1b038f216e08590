//! The function `image-processing`: the origin of every distribution.

use aws_cdk_lib::Result;
use aws_cdk_lib::aws_iam::ServicePrincipal;
use aws_cdk_lib::aws_lambda::{FunctionUrl, FunctionUrlAuthType, FunctionUrlOptions, Permission};
use contract::functions::ImageProcessing;
use contract::{OptionalName, limits, memory};

use super::{Function, Live, Scope, allow, purging};
use crate::alarms::{Alarm, Alarms, MOST, Threshold, period};

/// Failed requests a minute that raise an alarm. A single one is repeated by the viewer.
const FAILED_IMAGES_A_MINUTE: u32 = 5;

/// Declares the function, its URL, its grants and its alarm.
pub(crate) fn declare(scope: Scope, alarms: &mut Alarms) -> Result<(Live, FunctionUrl)> {
    let Scope { environment, data, .. } = scope;
    let handlers = &environment.handlers;
    let config = ImageProcessing {
        environment: environment.name.clone(),
        image_packs: scope.image_packs(),
        originals_bucket: data.originals.name.clone(),
        variants_bucket: data.variants.name.clone(),
        tenant_source: environment.tenant_source(),
        demand_table: OptionalName(data.demand.as_ref().map(|table| table.name.clone())),
        render_lock_table: data.render_locks.name.clone(),
        render_timeout_secs: handlers.image_processing_timeout_secs,
        answer_max_secs: limits::ANSWER_MAX_SECS,
        cache_tag_header: environment.viewer.cache_tag_header.clone(),
        cached_days_max: environment.viewer.cached_days_max,
    };
    let kept = memory::KEPT.map(|(name, value)| (name, value.to_owned()));
    let live = Function {
        id: "ImageProcessing",
        binary: "image-processing",
        description: "Serves viewers: reads a variant, or renders it from its original and stores it",
        memory_mb: 1769,
        timeout_secs: handlers.image_processing_timeout_secs,
        variables: [config.variables(), kept.into()].concat(),
        wide: Some("One function serves all tenants, which are added without this stack: the objects of both buckets"),
    }
    .declare_with(scope, environment.image_processing_reserved_concurrency(), |alias| alias)?;
    allow(&live, ["dynamodb:BatchGetItem"], [&data.image_packs.arn])?;
    allow(&live, ["dynamodb:PutItem", "dynamodb:DeleteItem"], [&data.render_locks.arn])?;
    if let Some(demand) = &data.demand {
        allow(&live, ["dynamodb:UpdateItem"], [&demand.arn])?;
    }
    allow(&live, ["s3:GetObjectVersion"], [&data.originals.objects("*")])?;
    // The function deletes a variant that became stale before it was stored.
    allow(&live, ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], [&data.variants.objects("*")])?;
    // Without it S3 returns 403 instead of 404 for a variant that is not stored yet.
    allow(&live, ["s3:ListBucket"], [&data.variants.arn, &data.originals.arn])?;
    let url =
        live.alias.add_function_url_with_options(FunctionUrlOptions::new().auth_type(FunctionUrlAuthType::AwsIam))?;
    permit_distributions(scope, &live)?;

    let failed = live.function.metric_with_props("Url5xxCount", period(1).statistic("Sum"))?;
    let failed_images = alarms.raise(&Alarm {
        id: "FailedImagesAlarm",
        description: "image-processing answers requests with 5xx: viewers get an error instead of an image. Check its log",
        metric: (&failed).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(FAILED_IMAGES_A_MINUTE),
    })?;
    alarms.show_failures(&failed);
    let throttled = live.function.metric_throttles_with_props(period(1))?;
    alarms.raise(&Alarm {
        id: "ThrottledImagesAlarm",
        description: "Lambda throttles image-processing: viewers get an error instead of an image. Check its reserved \
                      concurrency and the account's",
        metric: (&throttled).into(),
        datapoints: MOST,
        threshold: Threshold::AtLeast(1),
    })?;
    alarms.show("Requests to image-processing", &live.function.metric_invocations()?);
    live.shift_traffic(scope, "ImageProcessing", &failed_images)?;
    Ok((live, url))
}

/// Permits every distribution of the account, also a multi-tenant one, to call the URL. One permission for each would exceed
/// the 20 KB of a function's policy at 22 tenants. Lambda rejects a distribution of another account. A distribution of
/// this account also needs an origin access control, which only the stacks of tenants attach.
fn permit_distributions(scope: Scope, Live { alias, .. }: &Live) -> Result<()> {
    let cloudfront = ServicePrincipal::new("cloudfront.amazonaws.com")?;
    let distributions = purging::cloudfront_arn(scope, "distribution")?;
    let permission = || Permission::new(&cloudfront).source_arn(distributions.as_str());
    alias.add_permission(
        "DistributionsCallUrl",
        permission().action("lambda:InvokeFunctionUrl").function_url_auth_type(FunctionUrlAuthType::AwsIam),
    )?;
    alias.add_permission("DistributionsInvoke", permission().invoked_via_function_url(true))
}
