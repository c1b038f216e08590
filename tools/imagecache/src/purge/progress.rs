//! The progress of purges that were enqueued.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use aws_adapters::{AwsPorts, CallError};
use domain::purge::ledger::{LedgerRow, REJECTED};
use domain::{Target, TenantId, Timestamp};
use futures_util::{StreamExt, TryStreamExt, stream};
use purging::ports::{Ledger, Ports};

use super::CONCURRENT_CALLS;
use crate::exit::Failure;
use crate::history::Purge;
use crate::output::print_error;
use crate::progress::progress;
use crate::session::Session;

/// The pause between two looks at the ledger.
const POLL: Duration = Duration::from_secs(1);

/// The number of newest purges that are read of each target: the early and the final one, and those of changes since.
const PURGES_READ: u8 = 6;

/// The progress of the purge of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    PurgedEarly,
    Completed,
    Rejected,
}

/// Waits for the final purge of each target and prints it. Returns whether CloudFront has completed all of them.
pub(super) async fn wait(
    session: &Session,
    ports: &AwsPorts,
    tenant: &TenantId,
    targets: BTreeSet<Target>,
    enqueued_at: Timestamp,
) -> Result<bool, Failure> {
    let bar = progress("{bar:30} {pos} of {len} purges completed, {msg} early  {elapsed}");
    bar.set_length(targets.len() as u64);
    let began = Instant::now();
    let limit = Duration::from_secs(session.installation.purged_within_secs);
    let (mut pending, mut ended) = (targets, BTreeMap::new());
    let mut early = 0;
    while !pending.is_empty() && began.elapsed() < limit {
        tokio::time::sleep(POLL).await;
        early = 0;
        for (target, rows) in newest(ports, tenant, &pending).await? {
            match stage(&rows, enqueued_at) {
                (Stage::Queued, _) => {}
                (Stage::PurgedEarly, _) => early += 1,
                (Stage::Completed | Stage::Rejected, row) => {
                    pending.remove(&target);
                    ended.extend(row.map(|row| (target, row.clone())));
                }
            }
        }
        bar.set_position(ended.len() as u64);
        bar.set_message(early.to_string());
    }
    bar.finish_and_clear();
    session.output.print_rows(&ended.values().map(Purge::of).collect::<Vec<_>>())?;
    let rejected = ended.values().filter(|row| row.invalidation_status == REJECTED).count();
    if rejected > 0 {
        print_error(format_args!("CloudFront rejected {rejected} purges: imagecache dead-letters list"));
    }
    if !pending.is_empty() {
        print_error(format_args!(
            "{} purges are not completed after {} s, {early} of them early. They stay in the queue: imagecache queue \
             --environment {} --tenant {tenant}",
            pending.len(),
            limit.as_secs(),
            session.environment
        ));
    }
    Ok(rejected == 0 && pending.is_empty())
}

/// The newest purges of each of `targets`.
async fn newest(
    ports: &AwsPorts,
    tenant: &TenantId,
    targets: &BTreeSet<Target>,
) -> Result<Vec<(Target, Vec<LedgerRow>)>, CallError> {
    let reads = targets.iter().map(async |target| {
        Ok::<_, CallError>((target.clone(), ports.ledger().newest(tenant, target, PURGES_READ).await?))
    });
    stream::iter(reads).buffer_unordered(CONCURRENT_CALLS).try_collect().await
}

/// The stage of a purge that was enqueued at `enqueued_at`, by the newest `rows` of its target. The final purge of a later
/// change covers it, too.
fn stage(rows: &[LedgerRow], enqueued_at: Timestamp) -> (Stage, Option<&LedgerRow>) {
    let mut since = rows.iter().filter(|row| row.enqueued_at >= enqueued_at);
    let completed = since.clone().find(|row| row.is_final && row.completed_at.is_some());
    let rejected = since.clone().find(|row| row.invalidation_status == REJECTED);
    if completed.is_some() {
        (Stage::Completed, completed)
    } else if rejected.is_some() {
        (Stage::Rejected, rejected)
    } else if since.any(|row| row.completed_at.is_some()) {
        (Stage::PurgedEarly, None)
    } else {
        (Stage::Queued, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::tests::purge;

    #[test]
    fn a_purge_is_completed_by_the_final_purge_of_it_or_of_a_later_change() {
        let pending = |row: LedgerRow| LedgerRow { completed_at: None, ..row };
        let rejected = |row: LedgerRow| LedgerRow { invalidation_status: REJECTED.to_owned(), ..pending(row) };
        let (early, last) = (purge("acme", "pack#a", 10, false), purge("acme", "pack#a", 20, true));
        let before = purge("acme", "pack#a", 9, true);
        for (rows, expected) in [
            (vec![], Stage::Queued),
            (vec![before.clone()], Stage::Queued),
            (vec![pending(early.clone()), before], Stage::Queued),
            (vec![early.clone()], Stage::PurgedEarly),
            (vec![pending(last.clone()), early.clone()], Stage::PurgedEarly),
            (vec![last.clone(), early.clone()], Stage::Completed),
            (vec![last], Stage::Completed),
            (vec![rejected(early)], Stage::Rejected),
        ] {
            assert_eq!(stage(&rows, Timestamp::from_millis(10_000)).0, expected, "{rows:?}");
        }
    }
}
