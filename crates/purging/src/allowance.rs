//! Takes tokens of a tenant's allowance.

use std::time::Duration;

use domain::access::allowance::AllowanceLimit;
use domain::{TenantId, Timestamp};

use crate::ports::{Allowances, CallError};

/// The most attempts to take a token or to give it back. An attempt fails when another request of the tenant replaces
/// the allowance at the same time.
pub(crate) const ATTEMPTS_MAX: usize = 20;

/// The time until tokens may be available, for a request that used up its attempts.
const RETRY_AFTER_CONTENTION: Duration = Duration::from_secs(1);

/// Takes `tokens` tokens of the allowance of `tenant`. The inner error is the time until it has so many.
pub async fn take_tokens(
    allowances: &impl Allowances,
    limit: AllowanceLimit,
    tenant: &TenantId,
    tokens: u32,
    now: impl Fn() -> Timestamp,
) -> Result<Result<(), Duration>, CallError> {
    for _ in 0..ATTEMPTS_MAX {
        let seen = allowances.full_at(tenant).await?;
        match limit.take(tokens, seen, now()) {
            Ok(full_at) if allowances.replace(tenant, seen, full_at).await? => return Ok(Ok(())),
            // Another request replaced the allowance meanwhile.
            Ok(_) => {}
            Err(retry_after) => return Ok(Err(retry_after)),
        }
    }
    Ok(Err(RETRY_AFTER_CONTENTION))
}
