//! Wakes a purge run after an enqueueing.
//!
//! No wake-up is lost between a purge run that ends and a waker: the waker counts first and looks for the lease
//! afterwards; the purge run releases the lease first and compares the count afterwards. One of them sees the other.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use domain::{TenantId, Timestamp};
use futures_util::future::{Either, select};

use crate::ports::{CallError, Clock, PurgeRuns, Wakeups};

/// The time for which one waker's invocation suppresses those of others, unless it arrives earlier. An asynchronous
/// invocation arrives within a second; one that has not arrived after this time is taken for lost.
pub(crate) const INVOCATION_MAX: Duration = Duration::from_secs(10);

/// The longest time that a waker spends on it: five calls, of milliseconds each.
pub(crate) const WAKING_MAX: Duration = Duration::from_secs(5);

/// Wakes a purge run for `tenants`, whose rows have been written. A failure is logged: the schedule finds the rows.
pub async fn wake(
    wakeups: &impl Wakeups,
    purge_runs: Option<&impl PurgeRuns>,
    tenants: &BTreeSet<TenantId>,
    clock: &impl Clock,
) {
    let Some(purge_runs) = purge_runs.filter(|_| !tenants.is_empty()) else { return };
    let woken = pin!(try_to_wake(wakeups, purge_runs, tenants, clock.now()));
    match select(woken, pin!(clock.sleep(WAKING_MAX))).await {
        Either::Left((Ok(()), _)) => {}
        Either::Left((Err(error), _)) => {
            tracing::warn!(%error, "No purge run was woken; the schedule starts the next one.");
        }
        Either::Right(_) => tracing::warn!("Waking a purge run takes too long; the schedule starts the next one."),
    }
}

async fn try_to_wake(
    wakeups: &impl Wakeups,
    purge_runs: &impl PurgeRuns,
    tenants: &BTreeSet<TenantId>,
    now: Timestamp,
) -> Result<(), CallError> {
    wakeups.count_up(tenants).await?;
    if !wakeups.is_leased(now).await?
        && wakeups.note_invocation(now, now.minus(INVOCATION_MAX)).await?
        && let Err(error) = purge_runs.invoke().await
    {
        // No invocation is on its way: the next waker tries again. If the note stays, it lapses.
        wakeups.arrive().await.ok();
        return Err(error);
    }
    Ok(())
}
