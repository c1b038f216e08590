//! DynamoDB and Systems Manager under load: throttled calls, conflicting transactions, unprocessed keys.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::{ImagePackId, Target, TenantId};
use load_proxy::{LoadCounts, LoadPlan};
use serde_json::json;
use tokio::task::JoinSet;

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::observer::Observer;
use local_cloud::report::{Report, millis};

use super::fixture::Fixture;
use super::purge_runs::PurgeRuns;

/// The number of edits, each of another pack.
pub(super) const EDITS: usize = 500;
const TENANTS: [&str; 2] = ["acme", "globex"];
/// The prefix of the ids of the edited packs.
const PACK: &str = "load";
/// Concurrent writes of edits.
const CONCURRENT_WRITES: usize = 8;
/// The views of each image of the fixture while AWS is under load. Each has another URL, so CloudFront has none cached.
const VIEWS: usize = 5;
/// The time limit for the stream to queue the edits.
const QUEUED_WITHIN: Duration = Duration::from_mins(3);
/// The time limit to purge them: most need a purge run before and one after they have settled.
const EMPTY_WITHIN: Duration = Duration::from_mins(6);

/// Of the calls, a tenth is throttled; of the writes, another tenth conflicts; of the batch reads, three tenths are
/// incomplete. Transactions last so long that those of one purge run overlap.
fn plan() -> LoadPlan {
    LoadPlan {
        throttled_per_mille: 100,
        conflicts_per_mille: 100,
        unprocessed_per_mille: 300,
        transaction_lasts: Duration::from_millis(50),
        seed: 1,
        ..LoadPlan::default()
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct UnderLoad {
    pub(super) edits: usize,
    pub(super) lost: usize,
}

/// Step: packs are edited and purged, and viewers get images, while calls of the functions meet the faults.
pub(super) async fn purge_edits(
    cloud: &LocalCloud,
    purge_runs: &PurgeRuns,
    fixture: &Fixture,
    report: &Report,
) -> Result<(UnderLoad, String), Cause> {
    let observer = cloud.observer()?;
    let load = &cloud.parts.load;
    let before = load.counts();
    write(&observer, PACK, 1).await?;
    load.watch_transactions(true);
    load.inject(plan());
    let began = Instant::now();
    let purged = async {
        write(&observer, PACK, 2).await?;
        until_queued(&observer).await?;
        let note =
            |left| report.progress.note(&format!("{left} of {EDITS} edits wait, {} s", began.elapsed().as_secs()));
        purge_runs.until_empty(EMPTY_WITHIN, note).await
    };
    let viewed = async {
        for view in 0..VIEWS {
            fixture.expect_served(&format!("view{view}")).await?;
        }
        Ok(())
    };
    let result = tokio::try_join!(purged, viewed);
    load.stop();
    load.watch_transactions(false);
    let (count, ()) = result?;
    let emptied_ms = millis(began.elapsed());

    let purged = purged_packs(&observer).await?.len();
    expect_eq("the dead letters", &observer.dead_letters().await?, &0)?;
    expect_eq("the edits that the ledger has completed", &purged, &EDITS)?;
    let met = met(before, load.counts());
    if met.throttled == 0 || met.conflicts == 0 || met.unprocessed == 0 {
        return Err(UnmetError::new("faults of every kind".to_owned(), format!("{met:?}")).into());
    }
    let detail = format!(
        "{EDITS} edits purged in {emptied_ms} ms by {count} purge runs besides the schedule's, {} images served \
         meanwhile; of {} calls {} were throttled and {} conflicted, {} batches were left unprocessed; 0 dead letters, \
         {} edits lost",
        VIEWS * fixture.len(),
        met.calls,
        met.throttled,
        met.conflicts,
        met.unprocessed,
        EDITS - purged
    );
    Ok((UnderLoad { edits: EDITS, lost: EDITS - purged }, detail))
}

/// Writes [`EDITS`] packs as another program would: their ids begin with `prefix`, and they have a crop of this width.
pub(super) async fn write(observer: &Observer, prefix: &str, width: u32) -> Result<(), Cause> {
    let mut writes = JoinSet::new();
    for number in 0..EDITS {
        if writes.len() >= CONCURRENT_WRITES
            && let Some(written) = writes.join_next().await
        {
            written??;
        }
        let (tenant, target) = pack(prefix, number)?;
        let original = json!({"key": "none", "version": "null"});
        let location = json!({"original": original, "crop": {"x": 0, "y": 0, "width": width, "height": 1}});
        let item = json!({"tenant": tenant, "entity": target.to_string(), "imageLocations": {"main": location}});
        let put = observer.clients.dynamodb.put_item().table_name(&observer.image_pack_table);
        let put = put.set_item(Some(serde_dynamo::to_item(item)?));
        writes.spawn(async move { put.send().await.map_err(aws_sdk_dynamodb::Error::from) });
    }
    while let Some(written) = writes.join_next().await {
        written??;
    }
    Ok(())
}

fn pack(prefix: &str, number: usize) -> Result<(TenantId, Target), Cause> {
    let id = ImagePackId::parse(&format!("{prefix}{number:03}"))?;
    Ok((TenantId::parse(TENANTS[number % TENANTS.len()])?, Target::Pack(id)))
}

/// Waits until every edit is queued, or purged already.
async fn until_queued(observer: &Observer) -> Result<(), Cause> {
    wait_for("every edit in the queue", QUEUED_WITHIN, async || {
        let mut known = purged_packs(observer).await?;
        let entries = observer.queue().await?.into_iter();
        known.extend(entries.map(|entry| entry.target.to_string()).filter(|target| is_edited(target)));
        Ok(if known.len() == EDITS { Ok(()) } else { Err(format!("{} of {EDITS}", known.len())) })
    })
    .await
}

/// The edited packs whose final purge the ledger has completed.
async fn purged_packs(observer: &Observer) -> Result<BTreeSet<String>, Cause> {
    let completed = observer.ledger().await?.into_iter().filter(|row| row.is_final && row.completed_at.is_some());
    Ok(completed.map(|row| row.target.to_string()).filter(|target| is_edited(target)).collect())
}

fn is_edited(target: &str) -> bool {
    target.strip_prefix("pack#").is_some_and(|pack| pack.starts_with(PACK))
}

fn met(before: LoadCounts, after: LoadCounts) -> LoadCounts {
    LoadCounts {
        calls: after.calls - before.calls,
        throttled: after.throttled - before.throttled,
        conflicts: after.conflicts - before.conflicts,
        unprocessed: after.unprocessed - before.unprocessed,
        denied: after.denied - before.denied,
    }
}
