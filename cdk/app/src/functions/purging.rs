//! Variables and grants that the functions that purge have in common.

use std::num::NonZeroU32;

use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use aws_cdk_lib::{ArnComponents, Result};
use contract::functions::Purging;
use contract::names::tenant_registry_path;

use super::{Scope, allow};

/// The variables of a function that purges. It deletes variants for at most `variant_deletion_secs_max` seconds.
pub(super) fn variables(scope: Scope, variant_deletion_secs_max: u32) -> Result<Purging> {
    let Scope { environment, data, .. } = scope;
    let purge = &environment.purge;
    Ok(Purging {
        invalidation_queue_table: data.invalidation_queue.table_name()?,
        purge_ledger_table: data.purge_ledger.table_name()?,
        variants_bucket: data.variants.bucket_name()?,
        tenant_registry_path: tenant_registry_path(&environment.name),
        settle_delay_secs: environment.settle_delay_secs(),
        cached_days_max: environment.viewer.cached_days_max,
        variant_deletion_secs_max,
        edge_fetch_max_secs: purge.edge_fetch_max_secs,
        // The environment's rules allow no 0.
        items_per_request_max: NonZeroU32::new(purge.items_per_request_max).unwrap_or(NonZeroU32::MIN),
        items_per_purge_run_max: purge.items_per_purge_run_max,
        wildcards_per_purge_run_max: purge.wildcards_per_purge_run_max,
        ledger_retention_days: purge.ledger_retention_days,
    })
}

/// The ARN of the tenant registry's parameter path. Each registration is one level below.
pub(super) fn tenant_registry_arn(Scope { stack, environment, .. }: Scope) -> Result<String> {
    let path = tenant_registry_path(&environment.name);
    stack.format_arn(ArnComponents::new("parameter", "ssm").resource_name(path.trim_start_matches('/')))
}

/// Grants everything that the functions that purge have in common, except invalidations: the stack of each tenant grants
/// those, for its own distribution.
pub(super) fn grant(scope: Scope, function: &RustFunction) -> Result<()> {
    let Scope { data, .. } = scope;
    allow(function, ["dynamodb:UpdateItem", "dynamodb:PutItem"], [data.invalidation_queue.table_arn()?])?;
    allow(function, ["s3:ListBucket"], [data.variants.bucket_arn()?])?;
    allow(function, ["s3:DeleteObject"], [data.variants.arn_for_objects("*")?])?;
    allow(function, ["dynamodb:PutItem"], [data.purge_ledger.table_arn()?])
}
