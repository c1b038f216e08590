//! The function `image-purge`, the purge API: purges an image pack at once, enqueues purges, and reports their status.

use aws_cdk_lib::Result;
use contract::functions::ImagePurge;
use contract::limits;
use contract::names::LEDGER_BY_COMPLETION;

use super::{Function, Live, Scope, allow, purging};
use crate::alarms::Alarms;

/// Declares the function, its grants and its alarm.
pub(crate) fn declare(scope: Scope, image_invalidation: &Live, alarms: &mut Alarms) -> Result<Live> {
    let Scope { environment, data, .. } = scope;
    let purge = &environment.purge;
    let config = ImagePurge {
        purging: purging::variables(scope),
        image_packs: scope.image_packs(),
        manual_purges_per_minute: purging::not_zero(purge.manual_purges_per_minute),
        manual_purges_burst: purging::not_zero(purge.manual_purges_burst),
        purge_run_function: purging::woken(scope, image_invalidation)?,
        authorizer: environment.authorizer(&environment.admin_api.scope),
    };
    let live = Function {
        id: "ImagePurge",
        binary: "image-purge",
        description: "Serves admins: purges an image pack at once, enqueues purges, or reports their status",
        memory_mb: 512,
        timeout_secs: limits::REQUEST_TIMEOUT_SECS,
        variables: config.variables(),
        wide: Some(purging::WIDE),
    }
    .declare_with(scope, environment.handlers.purge_reserved_concurrency, |alias| alias)?;
    purging::grant(scope, &live)?;
    purging::grant_wake_up(scope, &live, image_invalidation)?;
    // Of one tenant at a time.
    allow(&live, ["ssm:GetParameter"], [&format!("{}/*", purging::tenant_registry_arn(scope)?)])?;
    allow(&live, ["dynamodb:BatchGetItem"], [&data.image_packs.arn])?;
    // For the purges that are known already, and the tenants' allowances.
    allow(&live, ["dynamodb:GetItem", "dynamodb:Query"], [&data.invalidation_queue.arn])?;
    // For the status of purges: of a target, and of a tenant.
    let ledger = &data.purge_ledger.arn;
    allow(&live, ["dynamodb:Query"], [&format!("{ledger}/index/{LEDGER_BY_COMPLETION}")])?;
    allow(&live, ["dynamodb:Query"], [ledger])?;

    let description = "image-purge crashed or timed out: a request of an admin failed. Check the log of image-purge";
    let alarm = alarms.raise_on_failure("FailedPurgesAlarm", description, &live.function)?;
    live.shift_traffic(scope, "ImagePurge", &alarm)?;
    Ok(live)
}
