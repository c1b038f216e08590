//! The function `image-warming`: requests images in advance when the final purge of their pack has completed.

use std::time::Duration;

use aws_cdk_lib::Result;
use aws_cdk_lib::aws_events::{EventBus, EventPattern, Rule};
use aws_cdk_lib::aws_events_targets::LambdaFunction as LambdaTarget;
use contract::events::{PURGE_COMPLETED, SOURCE};
use contract::functions::{ImageWarming, LocalViewer};
use serde_json::json;

use super::purging::not_zero;
use super::{Function, Scope, allow};
use crate::alarms::Alarms;
use crate::nag::acknowledge;

/// Invocations at a time. An event that waits longer than [`EVENT_AGE_MAX_SECS`] is dropped: viewers have requested the
/// image by then.
const CONCURRENCY: u32 = 10;

/// Age at which an event is dropped, in seconds: the shortest that EventBridge and Lambda offer.
const EVENT_AGE_MAX_SECS: u32 = 60;

/// Declares the function, its rule on `bus` and its grants, if the environment warms.
pub(crate) fn declare(scope: Scope, bus: &EventBus, alarms: &mut Alarms) -> Result<()> {
    let Scope { stack, environment, data, .. } = scope;
    let Some(demand) = &data.demand else { return Ok(()) };
    let warming = &environment.warming;
    let config = ImageWarming {
        environment: environment.name.clone(),
        image_packs: scope.image_packs(),
        demand_table: demand.name.clone(),
        viewer_domain: environment.viewer.domain.clone(),
        locations_max: warming.locations_max,
        requests_per_minute: not_zero(warming.requests_per_minute),
        requests_burst: not_zero(warming.requests_burst),
    };
    let mut variables = config.variables();
    let endpoint = environment.local.as_ref().and_then(|local| local.viewer_endpoint.clone());
    variables.extend(endpoint.into_iter().flat_map(|viewer_endpoint| LocalViewer { viewer_endpoint }.variables()));
    let event_age_max = Duration::from_secs(EVENT_AGE_MAX_SECS.into());
    let live = Function {
        id: "ImageWarming",
        binary: "image-warming",
        description: "Requests images in advance after the final purge of their pack",
        memory_mb: 256,
        timeout_secs: 300,
        variables,
        wide: environment.handlers.x_ray.then_some("The actions of X-Ray have no resource to narrow them to"),
    }
    .declare_with(scope, Some(CONCURRENCY), |alias| alias.retry_attempts(0).max_event_age(event_age_max))?;
    let reason = "An event that is dropped loses nothing: viewers request the image themselves";
    acknowledge(&live.alias, [("Serverless-LambdaAsyncFailureDestination", reason)])?;
    allow(&live, ["dynamodb:BatchGetItem"], [&data.image_packs.arn])?;
    allow(&live, ["dynamodb:Query", "dynamodb:GetItem", "dynamodb:UpdateItem"], [&demand.arn])?;

    let pattern = EventPattern::new()
        .source([SOURCE])
        .detail_type([PURGE_COMPLETED])
        .detail([("isFinal", json!([true])), ("target", json!([{"prefix": "pack#"}]))]);
    let target = LambdaTarget::builder(&live.alias).retry_attempts(0).max_event_age(event_age_max);
    let rule = Rule::builder(stack, "WarmingRule").event_bus(bus).event_pattern(pattern).targets([target.build()]);
    acknowledge(rule.build(), [("Serverless-EventBusDLQ", reason)])?;
    alarms.show_failures(&live.function.metric_errors()?);
    Ok(())
}
