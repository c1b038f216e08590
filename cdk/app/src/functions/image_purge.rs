//! The function `image-purge`: purges one image pack at once for an admin, or reports the status of its purges.

use aws_cdk_lib::Result;
use aws_cdk_lib::cargo_lambda_cdk::RustFunction;
use contract::functions::ImagePurge;
use contract::limits;

use super::{Function, Scope, allow, purging};
use crate::alarms::Alarms;

/// Declares the function, its grants and its alarm.
pub(crate) fn declare(scope: Scope, image_invalidation: &RustFunction, alarms: &mut Alarms) -> Result<RustFunction> {
    let Scope { environment, data, .. } = scope;
    let purge = &environment.purge;
    let config = ImagePurge {
        purging: purging::variables(scope)?,
        image_packs: scope.image_packs()?,
        manual_purges_per_minute: purging::not_zero(purge.manual_purges_per_minute),
        manual_purges_burst: purging::not_zero(purge.manual_purges_burst),
        purge_run_function: purging::woken(scope, image_invalidation)?,
        authorizer: environment.authorizer(&environment.admin_api.scope),
    };
    let function = Function {
        id: "ImagePurge",
        binary: "image-purge",
        description: "Serves admins: purges one image pack at once, or reports the status of its purges",
        memory_mb: 512,
        timeout_secs: limits::REQUEST_TIMEOUT_SECS,
        variables: config.variables(),
    }
    .declare(scope)?;
    purging::grant(scope, &function)?;
    purging::grant_wake_up(scope, &function, image_invalidation)?;
    // Of one tenant at a time.
    allow(&function, ["ssm:GetParameter"], [format!("{}/*", purging::tenant_registry_arn(scope)?)])?;
    allow(&function, ["dynamodb:BatchGetItem"], [data.image_packs.table_arn()?])?;
    // For the purges that are known already, and the tenants' allowances.
    allow(&function, ["dynamodb:GetItem", "dynamodb:Query"], [data.invalidation_queue.table_arn()?])?;
    // For the status of purges.
    allow(&function, ["dynamodb:Query"], [data.purge_ledger.table_arn()?])?;

    let description = "image-purge crashed or timed out: a request of an admin failed. Check the log of image-purge";
    alarms.raise_on_failure("FailedPurgesAlarm", description, &function)?;
    Ok(function)
}
