//! The backlog of an outage: tens of thousands of queue entries at once.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::change::detection::Reason;
use domain::queue::purge_cause::PurgeCause;
use domain::queue::queue_entry::QueueEntry;
use domain::{ImagePackId, Target, TenantId, Timestamp};
use tokio::task::JoinSet;

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::expectation::expect_eq;
use local_cloud::observer::Observer;
use local_cloud::report::{Report, millis};

use super::purge_runs::PurgeRuns;

const TENANTS: [&str; 2] = ["acme", "globex"];
/// The prefix of the pack ids of the backlog.
const PACK: &str = "backlog";
/// The age of their changes: all have settled.
const CHANGED_BEFORE: Duration = Duration::from_mins(10);
/// Rows in one `BatchWriteItem`: the most that DynamoDB takes.
const ROWS_PER_WRITE: usize = 25;
/// Concurrent writes.
const CONCURRENT_WRITES: usize = 8;
/// The time limit to purge the backlog.
const EMPTY_WITHIN: Duration = Duration::from_mins(30);

#[derive(Debug, Clone, Copy)]
pub(super) struct Emptied {
    pub(super) entries: usize,
    pub(super) lost: usize,
}

/// Step: the queue is filled with `entries`, and the deployed function purges them.
pub(super) async fn empty(
    cloud: &LocalCloud,
    purge_runs: &PurgeRuns,
    entries: usize,
    report: &Report,
) -> Result<(Emptied, String), Cause> {
    let observer = cloud.observer()?;
    let began = Instant::now();
    let sent_before = sent(cloud, &observer).await?;
    fill(&observer, entries).await?;
    let filled_ms = millis(began.elapsed());
    let waiting = observer.queue().await?.len();

    let began = Instant::now();
    let note =
        |left| report.progress.note(&format!("{left} of {waiting} entries wait, {} s", began.elapsed().as_secs()));
    let count = purge_runs.until_empty(EMPTY_WITHIN, note).await?;
    let emptied_ms = millis(began.elapsed());

    let completed = completed(&observer).await?;
    let (invalidations, items) = sent(cloud, &observer).await?;
    let (invalidations, items) = (invalidations - sent_before.0, items - sent_before.1);
    expect_eq("the dead letters", &observer.dead_letters().await?, &0)?;
    expect_eq("the purges that the ledger has completed", &completed, &entries)?;
    Ok((
        Emptied { entries, lost: entries - completed },
        format!(
            "{waiting} entries written in {filled_ms} ms; emptied in {emptied_ms} ms by {count} purge runs besides the \
             schedule's: {completed} ledger rows final and completed, {invalidations} invalidations of {items} items, \
             0 dead letters, {} entries lost",
            entries - completed
        ),
    ))
}

/// Writes the rows of one change of each pack, as the stream handler does.
async fn fill(observer: &Observer, entries: usize) -> Result<(), Cause> {
    let now = Timestamp::from_millis(millis(std::time::SystemTime::UNIX_EPOCH.elapsed()?));
    let rows = (0..entries).map(|number| row(number, now.minus(CHANGED_BEFORE))).collect::<Result<Vec<_>, Cause>>()?;
    let mut writes = JoinSet::new();
    for rows in rows.chunks(ROWS_PER_WRITE) {
        if writes.len() >= CONCURRENT_WRITES
            && let Some(written) = writes.join_next().await
        {
            written??;
        }
        writes.spawn(write(observer.clone(), rows.to_vec()));
    }
    while let Some(written) = writes.join_next().await {
        written??;
    }
    Ok(())
}

fn row(number: usize, changed_at: Timestamp) -> Result<WriteRequest, Cause> {
    let entry = QueueEntry {
        tenant: TenantId::parse(TENANTS[number % TENANTS.len()])?,
        target: Target::Pack(ImagePackId::parse(&format!("{PACK}{number:05}"))?),
        version: format!("{number}@{PACK}"),
        last_event_at: changed_at,
        cause: PurgeCause {
            first_event_at: changed_at,
            changes: 1,
            reasons: BTreeSet::from([Reason::ImageLocationsChanged]),
            requested_by: BTreeSet::from(["stream".to_owned()]),
        },
        early_purge_count: 0,
        early_purge_version: None,
        final_purge: None,
        deletion_cursor: None,
    };
    let item: HashMap<String, AttributeValue> = serde_dynamo::to_item(entry)?;
    Ok(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build())
}

async fn write(observer: Observer, mut rows: Vec<WriteRequest>) -> Result<(), Cause> {
    while !rows.is_empty() {
        let write = observer.clients.dynamodb.batch_write_item().request_items(&observer.queue_table, rows);
        let mut unprocessed =
            write.send().await.map_err(aws_sdk_dynamodb::Error::from)?.unprocessed_items.unwrap_or_default();
        rows = unprocessed.remove(&observer.queue_table).unwrap_or_default();
    }
    Ok(())
}

/// The number of packs of the backlog that are final and completed in the ledger.
async fn completed(observer: &Observer) -> Result<usize, Cause> {
    let ledger = observer.ledger().await?;
    let backlog = ledger.iter().filter(|row| row.is_final && row.completed_at.is_some());
    let packs: BTreeSet<_> = backlog
        .filter(|row| matches!(&row.target, Target::Pack(pack) if pack.as_str().starts_with(PACK)))
        .map(|row| (&row.tenant, &row.target))
        .collect();
    Ok(packs.len())
}

/// The numbers of invalidations and of their items so far.
async fn sent(cloud: &LocalCloud, observer: &Observer) -> Result<(usize, usize), Cause> {
    let (mut invalidations, mut items) = (0, 0);
    for tenant in TENANTS {
        let all = observer.invalidations(&cloud.tenant(tenant)?.distribution).await?;
        invalidations += all.len();
        items += all.iter().map(|one| one.items.len()).sum::<usize>();
    }
    Ok((invalidations, items))
}
