//! Purge runs: one without work, and those that purge.

use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::logs;
use local_cloud::cause::Cause;
use local_cloud::report::{MeasuredEdit, Report, millis};
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::{Cache, Fetched};

use super::fixture::{EDITED, Fixture, LOCATION};
use super::observed_edit::ObservedEdit;
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};

/// The time limit for the next purge run: one is due every minute, and the local AWS checks every ten seconds.
pub(super) const PURGE_RUN_WITHIN: Duration = Duration::from_secs(100);
/// The time after the end of a purge run in which the schedule starts no other one: they begin a minute apart, and one may
/// have waited for the settle delay and for CloudFront.
const NO_PURGE_RUN_FOR: Duration = Duration::from_secs(30);
/// The time limit for viewers to get the new images: the next purge run of the schedule, if none was woken.
pub(super) const PURGED_WITHIN: Duration = Duration::from_secs(200);
/// The pause between two requests of a viewer.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Step: a write without effect on viewers, and the next purge run.
pub(super) async fn idle_purge_run(fixture: &Fixture<'_>, report: &Report) -> Result<String, Cause> {
    fixture.editor.patch_pack(EDITED, &json!({"assetId": "asset-2", "title": "A cat"})).await?.succeeded()?;
    fixture.timeline.add(Part::Editor, "changed only the metadata of acme/cat");

    let before = logs::purge_runs(fixture.cloud).await?.len();
    let began = Instant::now();
    let at = wait_for("the next purge run", PURGE_RUN_WITHIN, async || {
        report.progress.note(&format!("waiting for the next purge run, {} s", began.elapsed().as_secs()));
        let purge_runs = logs::purge_runs(fixture.cloud).await?;
        Ok(purge_runs
            .get(before)
            .copied()
            .ok_or_else(|| format!("{} purge runs since the deployment", purge_runs.len())))
    })
    .await?;
    fixture.timeline.add_at(at, Part::PurgeRun, "found nothing to purge");

    expect_eq("the queue", &fixture.observer.queue().await?, &vec![])?;
    for (tenant, colour) in [(&fixture.acme, Colour::Red), (&fixture.globex, Colour::Green)] {
        let invalidations = fixture.observer.invalidations(&tenant.distribution).await?;
        expect_eq(&format!("{}'s invalidations", tenant.id), &invalidations, &vec![])?;
        let seen = tenant.viewer.fetch(EDITED, LOCATION).await?;
        expect_seen(&format!("{}/{EDITED}", tenant.id), &seen, Cache::Hit, colour)?;
    }
    Ok("no queue entry, no invalidation, still Hits".to_owned())
}

/// Waits, if need be, until the schedule starts no purge run for some time. Only for a deployment without wake-ups: the log
/// does not tell a purge run that was woken from one of the schedule.
pub(super) async fn after_a_purge_run(fixture: &Fixture<'_>) -> Result<(), Cause> {
    let now_ms = millis(SystemTime::UNIX_EPOCH.elapsed()?);
    match logs::purge_runs(fixture.cloud).await?.last() {
        Some(at) if now_ms.saturating_sub(*at) < millis(NO_PURGE_RUN_FOR) => Ok(()),
        _ => next_purge_run(fixture).await,
    }
}

/// Waits until one more purge run has ended.
pub(super) async fn next_purge_run(fixture: &Fixture<'_>) -> Result<(), Cause> {
    let before = logs::purge_runs(fixture.cloud).await?.len();
    wait_for("the next purge run", PURGE_RUN_WITHIN, async || {
        let count = logs::purge_runs(fixture.cloud).await?.len();
        Ok(if count > before { Ok(()) } else { Err(format!("{count} purge runs")) })
    })
    .await
}

/// Step: viewers request each edited image until it is the new one. Before, it must be the old one from the cache; all
/// other images must stay cached. Returns the longest time from an edit to the new image, in milliseconds.
pub(super) async fn until_fresh(
    fixture: &Fixture<'_>,
    report: &Report,
    mut edits: Vec<ObservedEdit>,
) -> Result<(u64, String), Cause> {
    let began = Instant::now();
    let mut fresh = Vec::new();
    let mut longest_ms = 0;
    while !edits.is_empty() {
        for edit in std::mem::take(&mut edits) {
            match edit.look(&fixture.acme).await? {
                (true, seen) => {
                    longest_ms = longest_ms.max(millis(edit.made_at.elapsed()));
                    fresh.push(became_fresh(fixture, report, &edit, &seen));
                }
                (false, _) => edits.push(edit),
            }
        }
        fixture.expect_bystanders().await?;
        expect_eq("whether the new images came in time", &(began.elapsed() < PURGED_WITHIN), &true)?;
        report.progress.note(&format!("{} of the edits are fresh, {} wait", fresh.len(), edits.len()));
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok((longest_ms, fresh.join("\n")))
}

/// Records that a viewer got the new image.
fn became_fresh(fixture: &Fixture<'_>, report: &Report, edit: &ObservedEdit, seen: &Fetched) -> String {
    let write_to_fresh_ms = millis(edit.made_at.elapsed());
    report.measure(|measured| {
        if edit.image == EDITED {
            measured.write_to_fresh_ms = Some(write_to_fresh_ms);
        }
        measured.edits.push(MeasuredEdit { name: edit.name, write_to_fresh_ms });
    });
    fixture.timeline.add(Part::Viewer, format!("acme/{}: {seen}, {}", edit.image, edit.name));
    format!("acme/{}: {seen}, {write_to_fresh_ms} ms after the edit ({})", edit.image, edit.name)
}
