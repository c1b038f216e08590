//! Purge runs: one without work, and one that purges.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use domain::purge::cache_tag::tag_of;
use domain::purge::ledger::LedgerRow;
use serde_json::json;

use crate::logs;
use local_cloud::cause::Cause;
use local_cloud::observer::Invalidation;
use local_cloud::report::{MeasuredEdit, Report, millis};
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::{Cache, Fetched};

use super::fixture::{
    CONFIGURED_LOCATION, CROPPED, EDITED, FETCHED, Fixture, LOCATION, OTHER_EDGE_LOCATION, PURGED_MANUALLY, RELOCATED,
    burst_packs,
};
use super::observed_edit::ObservedEdit;
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};

/// The time limit for the next purge run: one is due every minute, and the local AWS checks every ten seconds.
const PURGE_RUN_WITHIN: Duration = Duration::from_secs(100);
/// The time limit for every purge: one purge run more than usual, for entries that had not settled.
const PURGED_WITHIN: Duration = Duration::from_secs(200);
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
        let invalidations = fixture.observer.invalidations(&tenant.distribution_id).await?;
        expect_eq(&format!("{}'s invalidations", tenant.id), &invalidations, &vec![])?;
        let seen = tenant.viewer.fetch(EDITED, LOCATION).await?;
        expect_seen(&format!("{}/{EDITED}", tenant.id), &seen, Cache::Hit, colour)?;
    }
    Ok("no queue entry, no invalidation, still Hits".to_owned())
}

/// Step: viewers request each edited image until it is the new one. Before, it must be the old one from the cache; all
/// other images must stay cached.
pub(super) async fn until_fresh(
    fixture: &Fixture<'_>,
    report: &Report,
    mut edits: Vec<ObservedEdit>,
) -> Result<String, Cause> {
    let began = Instant::now();
    let mut fresh = Vec::new();
    while !edits.is_empty() {
        for edit in std::mem::take(&mut edits) {
            match edit.look(&fixture.acme).await? {
                (true, seen) => fresh.push(became_fresh(fixture, report, &edit, &seen)),
                (false, _) => edits.push(edit),
            }
        }
        fixture.expect_bystanders().await?;
        expect_eq("whether the new images came in time", &(began.elapsed() < PURGED_WITHIN), &true)?;
        report.progress.note(&format!("{} of the edits are fresh, {} wait", fresh.len(), edits.len()));
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let again = fixture.acme.viewer.fetch(EDITED, LOCATION).await?;
    expect_seen("acme/cat", &again, Cache::Hit, Colour::Blue)?;
    Ok(fresh.join("\n"))
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

/// Step: the purges, by the queue, the ledger and the emulator.
pub(super) async fn accounts(fixture: &Fixture<'_>, report: &Report) -> Result<String, Cause> {
    wait_for("an empty queue", PURGED_WITHIN, async || {
        let waiting = fixture.observer.queue().await?.len();
        Ok(if waiting == 0 { Ok(()) } else { Err(format!("{waiting} entries")) })
    })
    .await?;
    let mut invalidations = wait_for("every invalidation to be Completed", PURGE_RUN_WITHIN, async || {
        let invalidations = fixture.observer.invalidations(&fixture.acme.distribution_id).await?;
        let all = invalidations.iter().all(|one| one.status == "Completed");
        Ok(if all { Ok(invalidations) } else { Err(format!("{invalidations:?}")) })
    })
    .await?;
    let ledger = fixture.observer.ledger().await?;
    let sent = sent_requests(&ledger);
    add_to_timeline(fixture, &sent, &invalidations);
    report.measure(|measured| {
        measured.invalidations = invalidations.len() as u64;
        measured.paths = invalidations.iter().map(|one| one.items.len() as u64).sum();
        measured.variants_deleted = ledger.iter().map(|row| row.variants_deleted).sum();
    });

    // The requests in the ledger and the invalidations at the emulator must be the same, item by item.
    let in_ledger: BTreeMap<_, _> = sent.iter().map(|request| (request.invalidation_id, request.tags())).collect();
    invalidations.sort_by(|one, other| one.id.cmp(&other.id));
    let at_emulator: BTreeMap<_, _> =
        invalidations.iter().map(|Invalidation { id, items, .. }| (id.as_str(), items.clone())).collect();
    expect_eq("the invalidations of acme at the emulator", &at_emulator, &in_ledger)?;

    // The admin's DELETE, then the purge run: one request for all packs (the burst, the edits and the DELETE's final
    // purge) and one for the location. The next purge run purges only unsettled targets once more.
    let edited = [EDITED, FETCHED, CROPPED, RELOCATED, PURGED_MANUALLY].map(ToOwned::to_owned);
    let mut packs: Vec<_> = burst_packs().chain(edited).map(|pack| format!("#acme/{pack}")).collect();
    packs.sort_unstable();
    let location = vec![format!("#acme/location/{CONFIGURED_LOCATION}")];
    let mut expected = vec![vec![format!("#acme/{PURGED_MANUALLY}")], packs, location];
    let first_purge_run = sent.iter().skip(1).take(2);
    expected.extend(first_purge_run.map(SentRequest::unsettled_tags).filter(|unsettled| !unsettled.is_empty()));
    let requests: Vec<_> = sent.iter().map(SentRequest::tags).collect();
    expect_eq("acme's requests", &requests, &expected)?;

    let globex = fixture.observer.invalidations(&fixture.globex.distribution_id).await?;
    expect_eq("globex's invalidations", &globex, &vec![])?;
    fixture.expect_bystanders().await?;
    let elsewhere = fixture.acme.viewer.at_edge_location(OTHER_EDGE_LOCATION).fetch(EDITED, LOCATION).await?;
    expect_eq("the colour of acme/cat at another edge location", &elsewhere.image.colour, &Colour::Blue)?;
    expect_eq("the dead letters", &fixture.observer.dead_letters().await?, &0)?;
    let sizes: Vec<_> = requests.iter().map(|items| format!("{} items", items.len())).collect();
    Ok(format!(
        "acme: {} requests of {}; globex: none; globex/cat and acme/owl still Hits; \
         acme/cat is new at another edge location, too",
        sizes.len(),
        sizes.join(", ")
    ))
}

/// The ledger's rows of one request.
struct SentRequest<'a> {
    invalidation_id: &'a str,
    rows: Vec<&'a LedgerRow>,
}

impl SentRequest<'_> {
    fn tags(&self) -> Vec<String> {
        tags(self.rows.iter().copied())
    }

    fn unsettled_tags(&self) -> Vec<String> {
        tags(self.rows.iter().copied().filter(|row| !row.is_final))
    }
}

/// The cache tags of the targets of `rows`, sorted.
fn tags<'a>(rows: impl Iterator<Item = &'a LedgerRow>) -> Vec<String> {
    let tag = |row: &LedgerRow| format!("#{}", tag_of(&row.tenant, &row.target));
    let mut tags: Vec<_> = rows.map(tag).collect();
    tags.sort_unstable();
    tags
}

/// The ledger by request, in order of time.
fn sent_requests(ledger: &[LedgerRow]) -> Vec<SentRequest<'_>> {
    let mut sent: Vec<SentRequest<'_>> = Vec::new();
    for row in ledger {
        let invalidation_id = row.invalidation_id.as_deref().unwrap_or("none");
        match sent.iter_mut().find(|request| request.invalidation_id == invalidation_id) {
            Some(request) => request.rows.push(row),
            None => sent.push(SentRequest { invalidation_id, rows: vec![row] }),
        }
    }
    // A purge run's packs come before its locations, as their tags do.
    sent.sort_by_key(|request| (request.rows.iter().map(|row| row.started_at).min(), request.tags()));
    sent
}

/// Adds the start of each purge and the invalidations to the timeline.
fn add_to_timeline(fixture: &Fixture<'_>, sent: &[SentRequest<'_>], invalidations: &[Invalidation]) {
    for SentRequest { rows, .. } in sent {
        let Some(first) = rows.iter().find(|row| row.cause.requested_by.contains("stream")) else { continue };
        let variants: u64 = rows.iter().map(|row| row.variants_deleted).sum();
        let what = format!("begins to purge {} targets; deletes {variants} variants first", rows.len());
        fixture.timeline.add_at(first.started_at.as_millis(), Part::PurgeRun, what);
    }
    for Invalidation { id, created_at_ms, items, .. } in invalidations {
        let what = match items.as_slice() {
            [item] => format!("accepts invalidation {id} of {item}"),
            _ => format!("accepts invalidation {id} of {} items", items.len()),
        };
        fixture.timeline.add_at(*created_at_ms, Part::Emulator, what);
    }
}
