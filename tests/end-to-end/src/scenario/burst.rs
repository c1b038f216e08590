//! Many writes in a row to a few packs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::image::image_pack::Crop;

use local_cloud::cause::Cause;
use local_cloud::observer::described;
use local_cloud::timeline::Part;

use super::fixture::{BURST_PACKS, BURST_WRITES_PER_PACK, Fixture, LOCATION, burst_packs};
use super::upload::BURST_ORIGINAL_SIZE;
use local_cloud::expectation::{expect_eq, wait_for};

/// The time limit for the stream to queue every write.
const QUEUED_WITHIN: Duration = Duration::from_secs(30);

/// Step: many writes in a row to a few packs.
pub(super) async fn burst(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let began = Instant::now();
    let (width, height) = BURST_ORIGINAL_SIZE;
    for round in 1..=BURST_WRITES_PER_PACK {
        let crop = Crop { x: round, y: 0, width: width - round, height };
        for pack in burst_packs() {
            fixture.editor.set_crop(&pack, LOCATION, crop).await?.succeeded()?;
        }
    }
    let writes = u64::from(BURST_PACKS * BURST_WRITES_PER_PACK);
    let took_ms = began.elapsed().as_millis();
    fixture.timeline.add(Part::Editor, format!("moved crops: {writes} writes to {BURST_PACKS} packs in {took_ms} ms"));

    // A row leaves the queue when it is purged, so its newest state is kept.
    let mut entries = BTreeMap::new();
    wait_for("all writes of the burst in the queue", QUEUED_WITHIN, async || {
        let mut queue = fixture.observer.queue().await?;
        queue.retain(|entry| entry.target.to_string().starts_with("pack#burst"));
        let described = described(&queue);
        entries.extend(queue.into_iter().map(|entry| (entry.target.clone(), entry)));
        let changes: u64 = entries.values().map(|entry| entry.cause.changes).sum();
        Ok(if changes >= writes { Ok(()) } else { Err(format!("{changes} changes: {described}")) })
    })
    .await?;
    let changes: Vec<_> = entries.values().map(|entry| entry.cause.changes).collect();
    let expected = vec![u64::from(BURST_WRITES_PER_PACK); BURST_PACKS as usize];
    expect_eq("the changes in each of the burst's queue entries", &changes, &expected)?;
    let last = entries.values().map(|entry| entry.last_event_at.as_millis()).max().unwrap_or_default();
    let detail = format!("{} queue entries of {BURST_WRITES_PER_PACK} changes each", entries.len());
    fixture.timeline.add_at(last, Part::Stream, format!("deduplicated them: {detail}"));
    Ok(detail)
}
