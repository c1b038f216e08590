//! Wake-ups: a burst of edits, and the wake-ups that fail.

use std::time::{Duration, Instant};

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::expectation::UnmetError;
use local_cloud::report::Report;

use super::load::{self, EDITS};
use super::purge_runs::PurgeRuns;
use crate::function::Function;
use crate::logs;

/// The prefix of the ids of the packs that the burst writes to.
const PACK: &str = "wave";
/// The number of writes to each of them.
const WRITES_PER_PACK: u32 = 4;
/// The largest number of purge runs that a burst may start, besides those of the schedule.
const PURGE_RUNS_MAX: usize = 10;
/// The pause between two purge runs of the schedule.
const SCHEDULE: Duration = Duration::from_mins(1);
/// The time limit to purge the burst.
const PURGED_WITHIN: Duration = Duration::from_mins(5);
/// The line with which a log begins each invocation.
const START: &str = "START RequestId";
/// The message of a function whose wake-up fails.
const NOT_WOKEN: &str = "No purge run was woken";

/// The invocations during a burst.
#[derive(Debug, Clone, Copy)]
pub(super) struct Woken {
    pub(super) stream_batches: usize,
    pub(super) purge_runs: usize,
}

/// Step: packs are written again and again, in many batches of the stream.
pub(super) async fn burst(
    cloud: &LocalCloud,
    purge_runs: &PurgeRuns,
    report: &Report,
) -> Result<(Woken, String), Cause> {
    let observer = cloud.observer()?;
    let before = woken(cloud).await?;
    let began = Instant::now();
    for width in 1..=WRITES_PER_PACK {
        report.progress.note(&format!("writing {EDITS} packs, {width} of {WRITES_PER_PACK} times"));
        load::write(&observer, PACK, width).await?;
    }
    // The stream has enqueued the first writes; the queue is empty when the last ones are purged, too.
    tokio::time::sleep(cloud.settle_delay()?).await;
    purge_runs.until_emptied(PURGED_WITHIN).await?;
    let after = woken(cloud).await?;
    let woken = Woken {
        stream_batches: after.stream_batches - before.stream_batches,
        purge_runs: after.purge_runs - before.purge_runs,
    };
    let scheduled = usize::try_from(began.elapsed().as_secs().div_ceil(SCHEDULE.as_secs()))?;
    let writes = EDITS * usize::try_from(WRITES_PER_PACK)?;
    let detail = format!(
        "{writes} writes in {} batches of the stream, {} purge runs, at most {scheduled} of them the schedule's",
        woken.stream_batches, woken.purge_runs
    );
    if woken.purge_runs > PURGE_RUNS_MAX + scheduled {
        return Err(UnmetError::new(format!("at most {PURGE_RUNS_MAX} woken purge runs"), detail).into());
    }
    Ok((woken, detail))
}

async fn woken(cloud: &LocalCloud) -> Result<Woken, Cause> {
    Ok(Woken {
        stream_batches: lines_with(cloud, Function::ImagePacksStream, START).await?,
        purge_runs: lines_with(cloud, Function::ImageInvalidation, START).await?,
    })
}

/// The number of wake-ups of the stream handler that have failed.
pub(super) async fn failed(cloud: &LocalCloud) -> Result<usize, Cause> {
    lines_with(cloud, Function::ImagePacksStream, NOT_WOKEN).await
}

async fn lines_with(cloud: &LocalCloud, function: Function, text: &str) -> Result<usize, Cause> {
    let lines = logs::lines(cloud, &function.to_string()).await?;
    Ok(lines.iter().filter(|line| line.message.contains(text)).count())
}
