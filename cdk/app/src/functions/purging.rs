//! Variables and grants that the functions that purge have in common.

use std::num::NonZeroU32;

use aws_cdk_lib::aws_iam::PolicyStatement;
use aws_cdk_lib::{ArnComponents, Result};
use contract::OptionalName;
use contract::functions::Purging;
use contract::names::{ENVIRONMENT_TAG, tenant_registry_path};
use serde_json::json;

use super::{Live, Scope, allow};
use crate::config::ViewerMode;

/// The reason for which a function that purges may use resources of all tenants.
pub(super) const WIDE: &str = "Tenants are added without this stack: their registrations, variants, and distributions with \
                               the environment's tag";

/// The variables of a function that purges.
pub(super) fn variables(scope: Scope) -> Purging {
    let Scope { environment, data, .. } = scope;
    let purge = &environment.purge;
    Purging {
        environment: environment.name.clone(),
        invalidation_queue_table: data.invalidation_queue.name.clone(),
        purge_ledger_table: data.purge_ledger.name.clone(),
        variants_bucket: data.variants.name.clone(),
        tenant_registry_path: tenant_registry_path(&environment.name),
        settle_delay_secs: environment.settle_delay_secs(),
        cached_days_max: environment.viewer.cached_days_max,
        deletes_variants_first: environment.deletes_variants_first(),
        early_purge_targets_max: purge.early_purge_targets_max,
        quotas: purge.quotas,
        calls_interval_millis: not_zero(purge.calls_interval_millis),
        calls_burst: not_zero(purge.calls_burst),
        items_per_request_max: not_zero(purge.items_per_request_max),
        ledger_retention_days: purge.ledger_retention_days,
    }
}

/// A number of which the environment's rules allow no 0.
pub(super) fn not_zero(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

/// The alias that a wake-up invokes, if the environment has wake-ups.
pub(super) fn woken(scope: Scope, image_invalidation: &Live) -> Result<OptionalName> {
    let name = scope.environment.purge.wake.then(|| image_invalidation.alias.function_arn()).transpose()?;
    Ok(OptionalName(name))
}

/// Grants `function` to wake a purge run, if the environment has wake-ups.
pub(super) fn grant_wake_up(scope: Scope, live: &Live, image_invalidation: &Live) -> Result<()> {
    let Scope { environment, data, .. } = scope;
    if !environment.purge.wake {
        return Ok(());
    }
    allow(live, ["lambda:InvokeFunction"], [&image_invalidation.alias.function_arn()?])?;
    // For the lease. The counter of wake-ups is updated like a row.
    allow(live, ["dynamodb:GetItem"], [&data.invalidation_queue.arn])
}

/// The ARN of the tenant registry's parameter path. Each registration is one level below.
pub(super) fn tenant_registry_arn(Scope { stack, environment, .. }: Scope) -> Result<String> {
    let path = tenant_registry_path(&environment.name);
    stack.format_arn(ArnComponents::new("parameter", "ssm").resource_name(path.trim_start_matches('/')))
}

/// The ARN of every resource of a kind that this account has in CloudFront.
pub(super) fn cloudfront_arn(Scope { stack, .. }: Scope, kind: &str) -> Result<String> {
    stack.format_arn(ArnComponents::new(kind, "cloudfront").region("").resource_name("*"))
}

/// Grants everything that the functions that purge have in common: invalidations of the environment's distributions, or
/// distribution tenants, which have its tag. The stack of a tenant with an existing distribution grants that one.
pub(super) fn grant(scope: Scope, live: &Live) -> Result<()> {
    let Scope { data, environment, .. } = scope;
    let (actions, kind) = match environment.viewer.mode {
        ViewerMode::DistributionPerTenant => {
            (["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"], "distribution")
        }
        ViewerMode::MultiTenant => (
            ["cloudfront:CreateInvalidationForDistributionTenant", "cloudfront:GetInvalidationForDistributionTenant"],
            "distribution-tenant",
        ),
    };
    let tag = format!("aws:ResourceTag/{ENVIRONMENT_TAG}");
    let invalidate = PolicyStatement::builder()
        .actions(actions)
        .resources([cloudfront_arn(scope, kind)])
        .conditions([("StringEquals", json!({tag: environment.name}))]);
    live.function.add_to_role_policy(invalidate.build())?;
    allow(live, ["dynamodb:UpdateItem", "dynamodb:PutItem"], [&data.invalidation_queue.arn])?;
    allow(live, ["s3:ListBucket"], [&data.variants.arn])?;
    allow(live, ["s3:DeleteObject"], [&data.variants.objects("*")])?;
    allow(live, ["dynamodb:PutItem"], [&data.purge_ledger.arn])
}
