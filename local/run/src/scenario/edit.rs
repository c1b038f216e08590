//! Edits, and what they do before any tick has come.

use std::time::{Duration, Instant};

use domain::image_pack::Crop;
use domain::queue_entry::QueueEntry;

use crate::picture::{Colour, Encoding};
use crate::report::Cause;
use crate::timeline::Part;
use crate::viewer::Cache;

use super::cast::{BURST_PACKS, BURST_WRITES_PER_PACK, Cast, EDITED, LOCATION, burst_packs, place};
use super::expectation::{expect_eq, expect_seen, wait_for};
use super::upload::{BURST_ORIGINAL_SIZE, original};

/// How long the stream may take to fill the queue. The mapping gathers records for a second; the rest is for a function
/// that starts cold on a busy machine.
const QUEUED_WITHIN: Duration = Duration::from_secs(30);

/// Step: the admin replaces the original of `acme`'s pack. Gives the time at which the upload began.
pub(super) async fn replace(cast: &Cast<'_>) -> Result<(Instant, String), Cause> {
    let upload = original(Colour::Blue, Encoding::Png)?;
    let replaced_at = Instant::now();
    cast.editor.replace_original(&place(&cast.acme, EDITED)?, upload).await?;
    cast.timeline.add(Part::Editor, "replaced the original of acme/cat: it is blue now");

    let seen = cast.acme.viewer.fetch(EDITED, LOCATION).await?;
    expect_seen("acme/cat", &seen, Cache::Hit, Colour::Red)?;
    cast.timeline.add(Part::Viewer, format!("acme/cat: {seen}, still the old picture"));

    let entry = wait_for("acme/cat in the queue", QUEUED_WITHIN, async || {
        let queue = cast.observer.queue().await?;
        let entry = queue.iter().find(|entry| entry.tenant == cast.acme.id && entry.target.to_string() == "pack#cat");
        Ok(entry.cloned().ok_or_else(|| described(&queue)))
    })
    .await?;
    let what = format!("queued {} of {}: {:?}", entry.target, entry.tenant, entry.reasons);
    cast.timeline.add_at(entry.last_event_at.as_millis(), Part::Stream, what);
    Ok((replaced_at, format!("{seen}, while the edit waits in the queue")))
}

/// Step: another URL of the same picture, which no cache knows.
pub(super) async fn new_suffix(cast: &Cast<'_>) -> Result<((), String), Cause> {
    let image = format!("{EDITED}-v2");
    let new = cast.acme.viewer.fetch(&image, LOCATION).await?;
    expect_seen("acme/cat-v2", &new, Cache::Miss, Colour::Blue)?;
    cast.timeline.add(Part::Viewer, format!("acme/cat-v2: {new}, the new picture"));
    let again = cast.acme.viewer.fetch(&image, LOCATION).await?;
    expect_seen("acme/cat-v2", &again, Cache::Hit, Colour::Blue)?;

    let old = cast.acme.viewer.fetch(EDITED, LOCATION).await?;
    expect_seen("acme/cat", &old, Cache::Hit, Colour::Red)?;
    expect_eq("acme's invalidations", &cast.observer.invalidations(&cast.acme.distribution_id).await?, &vec![])?;
    Ok(((), format!("acme/cat-v2: {new}, while acme/cat: {old}")))
}

/// Step: many writes in a row to a few packs.
pub(super) async fn burst(cast: &Cast<'_>) -> Result<((), String), Cause> {
    let began = Instant::now();
    let (width, height) = BURST_ORIGINAL_SIZE;
    for round in 1..=BURST_WRITES_PER_PACK {
        let crop = Crop { x: round, y: 0, width: width - round, height };
        for pack in burst_packs() {
            cast.editor.move_crop(&place(&cast.acme, &pack)?, crop).await?;
        }
    }
    let writes = u64::from(BURST_PACKS * BURST_WRITES_PER_PACK);
    let took_ms = began.elapsed().as_millis();
    cast.timeline.add(Part::Editor, format!("moved crops: {writes} writes to {BURST_PACKS} packs in {took_ms} ms"));

    let entries = wait_for("all writes of the burst in the queue", QUEUED_WITHIN, async || {
        let mut queue = cast.observer.queue().await?;
        queue.retain(|entry| entry.target.to_string().starts_with("pack#burst"));
        let changes: u64 = queue.iter().map(|entry| entry.changes).sum();
        Ok(if changes >= writes { Ok(queue) } else { Err(format!("{changes} changes: {}", described(&queue))) })
    })
    .await?;
    let changes: Vec<_> = entries.iter().map(|entry| entry.changes).collect();
    let expected = vec![u64::from(BURST_WRITES_PER_PACK); BURST_PACKS as usize];
    expect_eq("the changes in each of the burst's queue entries", &changes, &expected)?;
    let last = entries.iter().map(|entry| entry.last_event_at.as_millis()).max().unwrap_or_default();
    let detail = format!("{} queue entries of {BURST_WRITES_PER_PACK} changes each", entries.len());
    cast.timeline.add_at(last, Part::Stream, format!("made {detail} of them"));
    Ok(((), detail))
}

/// The queue for an error message.
fn described(queue: &[QueueEntry]) -> String {
    let entries: Vec<_> = queue.iter().map(|entry| format!("{}/{}", entry.tenant, entry.target)).collect();
    format!("a queue of [{}]", entries.join(", "))
}
