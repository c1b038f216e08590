//! Many writes in a row to a few packs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::image::image_pack::Crop;
use domain::queue::queue_entry::QueueEntry;

use local_cloud::cause::Cause;
use local_cloud::observer::described;
use local_cloud::timeline::Part;

use super::fixture::{BURST_PACKS, BURST_WRITES_PER_PACK, Fixture, LOCATION, burst_packs};
use super::upload::BURST_ORIGINAL_SIZE;
use local_cloud::expectation::{expect_eq, wait_for};

/// The time limit for the writes and for the stream to queue each of them.
const QUEUED_WITHIN: Duration = Duration::from_secs(90);

/// Step: many writes in a row to a few packs.
pub(super) async fn burst(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let writes = u64::from(BURST_PACKS * BURST_WRITES_PER_PACK);
    let mut entries = BTreeMap::<_, QueueEntry>::new();
    // A row leaves the queue some seconds after the last write to its pack, so the queue is read all the time.
    let queued = wait_for("all writes of the burst in the queue", QUEUED_WITHIN, async || {
        let mut queue = fixture.observer.queue().await?;
        queue.retain(|entry| entry.target.to_string().starts_with("pack#burst"));
        let described = described(&queue);
        for entry in queue {
            let known = entries.get(&entry.target).map_or(0, |known| known.cause.changes);
            if entry.cause.changes > known {
                entries.insert(entry.target.clone(), entry);
            }
        }
        let changes: u64 = entries.values().map(|entry| entry.cause.changes).sum();
        Ok(if changes >= writes { Ok(()) } else { Err(format!("{changes} changes: {described}")) })
    });
    tokio::try_join!(write(fixture), queued)?;
    let changes: Vec<_> = entries.values().map(|entry| entry.cause.changes).collect();
    let expected = vec![u64::from(BURST_WRITES_PER_PACK); BURST_PACKS as usize];
    expect_eq("the changes in each of the burst's queue entries", &changes, &expected)?;
    let last = entries.values().map(|entry| entry.last_event_at.as_millis()).max().unwrap_or_default();
    let detail = format!("{} queue entries of {BURST_WRITES_PER_PACK} changes each", entries.len());
    fixture.timeline.add_at(last, Part::Stream, format!("deduplicated them: {detail}"));
    Ok(detail)
}

/// Moves the crop of each pack several times in a row.
async fn write(fixture: &Fixture<'_>) -> Result<(), Cause> {
    let began = Instant::now();
    let (width, height) = BURST_ORIGINAL_SIZE;
    for pack in burst_packs() {
        for x in 1..=BURST_WRITES_PER_PACK {
            let crop = Crop { x, y: 0, width: width - x, height };
            fixture.editor.set_crop(&pack, LOCATION, crop).await?.succeeded()?;
        }
    }
    let (writes, took_ms) = (BURST_PACKS * BURST_WRITES_PER_PACK, began.elapsed().as_millis());
    fixture.timeline.add(Part::Editor, format!("moved crops: {writes} writes to {BURST_PACKS} packs in {took_ms} ms"));
    Ok(())
}
