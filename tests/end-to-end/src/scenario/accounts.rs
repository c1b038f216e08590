//! The purges of the scenario, by the queue, the ledger and the emulator.

use std::collections::{BTreeMap, BTreeSet};

use domain::purge::cache_tag::tag_of;
use domain::purge::ledger::LedgerRow;
use domain::{Target, Timestamp};

use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::observer::Invalidation;
use local_cloud::report::{Report, millis};
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;

use super::fixture::{
    CONFIGURED_LOCATION, CROPPED, EDITED, FETCHED, Fixture, LOCATION, OTHER_EDGE_LOCATION, PURGED_MANUALLY, RELOCATED,
    burst_packs,
};
use super::purge::{PURGE_RUN_WITHIN, PURGED_WITHIN};

/// The largest number of items of one version of a row: its early purge and its final one.
const PURGES_MAX: usize = 2;

/// Step: the ledger's rows of the isolated edit. Returns the time from the write to the completion of the early purge, in
/// milliseconds.
pub(super) async fn early_and_final(fixture: &Fixture<'_>) -> Result<(u64, String), Cause> {
    until_purged(fixture).await?;
    let mut rows = fixture.observer.ledger().await?;
    rows.retain(|row| row.target.to_string() == format!("pack#{EDITED}"));
    rows.sort_by_key(|row| row.started_at);
    let kinds: Vec<_> = rows.iter().map(|row| row.is_final).collect();
    expect_eq("whether each purge of acme/cat is the final one", &kinds, &vec![false, true])?;
    let versions: BTreeSet<_> = rows.iter().map(|row| &row.version).collect();
    expect_eq("the versions that were purged", &versions.len(), &1)?;
    let (Some(early), Some(last)) = (rows.first(), rows.last()) else { return Err("no purge of acme/cat".into()) };
    let written_at = early.cause.first_event_at;
    let times = [
        ("the write", Some(written_at)),
        ("the enqueueing", Some(early.enqueued_at)),
        ("the early purge's creation", early.created_at),
        ("the final purge's creation", last.created_at),
        ("the final purge's completion", last.completed_at),
        ("the deletion of old variants", last.variants_deleted_at),
    ];
    let missing: Vec<_> = times.iter().filter(|(_, at)| at.is_none()).map(|(name, _)| *name).collect();
    expect_eq("the times that the ledger does not have", &missing, &vec![])?;
    let in_order = times.is_sorted_by_key(|(_, at)| *at);
    expect_eq(&format!("whether {times:?} are in order"), &in_order, &true)?;
    let settled_at = early.enqueued_at.plus(fixture.cloud.settle_delay()?);
    expect_eq("whether the final purge began after the settle delay", &(last.started_at >= settled_at), &true)?;
    expect_eq("the variants deleted after the final purge", &last.variants_deleted, &1)?;

    let fresh_at = early.completed_at.ok_or("the early purge is not marked completed")?;
    let after = |at: Timestamp| format!("{} ms", millis(at.since(written_at)));
    let mut detail: Vec<_> = times.iter().filter_map(|(name, at)| Some(format!("{name}: {}", after((*at)?)))).collect();
    detail.insert(3, format!("its completion: {}", after(fresh_at)));
    Ok((millis(fresh_at.since(written_at)), detail.join(", ")))
}

/// Waits until the queue is empty.
pub(super) async fn until_purged(fixture: &Fixture<'_>) -> Result<(), Cause> {
    wait_for("an empty queue", PURGED_WITHIN, async || {
        let waiting = fixture.observer.queue().await?.len();
        Ok(if waiting == 0 { Ok(()) } else { Err(format!("{waiting} entries")) })
    })
    .await
}

/// Step: the purges up to now.
pub(super) async fn accounts(fixture: &Fixture<'_>, report: &Report) -> Result<String, Cause> {
    until_purged(fixture).await?;
    let mut invalidations = wait_for("every invalidation to be Completed", PURGE_RUN_WITHIN, async || {
        let invalidations = fixture.observer.invalidations(&fixture.acme.distribution).await?;
        let all = invalidations.iter().all(|one| one.status == "Completed");
        Ok(if all { Ok(invalidations) } else { Err(format!("{invalidations:?}")) })
    })
    .await?;
    let ledger = fixture.observer.ledger().await?;
    let sent = sent_requests(&ledger);
    add_to_timeline(fixture, &sent, &invalidations);
    let items: usize = invalidations.iter().map(|one| one.items.len()).sum();
    report.measure(|measured| {
        measured.invalidations = invalidations.len() as u64;
        measured.paths = items as u64;
        measured.variants_deleted = ledger.iter().map(|row| row.variants_deleted).sum();
    });

    // The requests in the ledger and the invalidations at the emulator must be the same, item by item.
    let in_ledger: BTreeMap<_, _> = sent.iter().map(|request| (request.invalidation_id, request.tags())).collect();
    invalidations.sort_by(|one, other| one.id.cmp(&other.id));
    let at_emulator: BTreeMap<_, _> =
        invalidations.iter().map(|Invalidation { id, items, .. }| (id.as_str(), items.clone())).collect();
    expect_eq("the invalidations of acme at the emulator", &at_emulator, &in_ledger)?;

    let packs = [EDITED, FETCHED, CROPPED, RELOCATED, PURGED_MANUALLY].map(ToOwned::to_owned).into_iter();
    let packs = packs.chain(burst_packs()).map(|pack| format!("pack#{pack}"));
    let expected: BTreeSet<_> = packs.chain([format!("location#{CONFIGURED_LOCATION}")]).collect();
    let purged: BTreeSet<_> = ledger.iter().filter(|row| row.is_final).map(|row| row.target.to_string()).collect();
    expect_eq("the targets that were purged finally", &purged, &expected)?;
    let early = expect_planned_price(&ledger)?;
    let forced = expect_deleted_afterwards(&ledger)?;

    let globex = fixture.observer.invalidations(&fixture.globex.distribution).await?;
    expect_eq("globex's invalidations", &globex, &vec![])?;
    fixture.expect_bystanders().await?;
    let elsewhere = fixture.acme.viewer.at_edge_location(OTHER_EDGE_LOCATION).fetch(EDITED, LOCATION).await?;
    expect_eq("the colour of acme/cat at another edge location", &elsewhere.image.colour, &Colour::Blue)?;
    expect_eq("the dead letters", &fixture.observer.dead_letters().await?, &0)?;
    let burst = ledger.iter().filter(|row| is_of_burst(&row.target)).count();
    Ok(format!(
        "acme: {} invalidations of {items} items, {early} of them early purges; the burst's 100 writes cost {burst} items; \
         {forced} variants of the forced location were deleted after its purge; globex: none; globex/cat and acme/owl still \
         Hits; acme/cat is new at another edge location, too",
        invalidations.len()
    ))
}

/// Checks that each version of a row was purged finally once, and early at most once before. Returns the number of early
/// purges.
fn expect_planned_price(ledger: &[LedgerRow]) -> Result<usize, UnmetError> {
    let mut of_version: BTreeMap<_, Vec<bool>> = BTreeMap::new();
    for row in ledger {
        of_version.entry((&row.target, &row.version)).or_default().push(row.is_final);
    }
    for ((target, version), kinds) in &of_version {
        let count = |is_final| kinds.iter().filter(|kind| **kind == is_final).count();
        if kinds.len() > PURGES_MAX || count(true) > 1 || count(false) > 1 {
            let expected = format!("at most one early and one final purge of {target} at {version}");
            return Err(UnmetError::new(expected, format!("{kinds:?} (true: final)")));
        }
    }
    Ok(ledger.iter().filter(|row| !row.is_final).count())
}

/// Checks that the forced location took effect before its old variants were deleted. Returns the number of these.
fn expect_deleted_afterwards(ledger: &[LedgerRow]) -> Result<u64, Cause> {
    let location = format!("location#{CONFIGURED_LOCATION}");
    let row = ledger.iter().find(|row| row.is_final && row.target.to_string() == location);
    let row = row.ok_or_else(|| format!("the ledger has no final purge of {location}"))?;
    let (created_at, deleted_at) = (row.created_at, row.variants_deleted_at);
    expect_eq(
        "whether CloudFront accepted the purge first",
        &(created_at.is_some() && created_at < deleted_at),
        &true,
    )?;
    expect_eq("whether old variants were deleted", &(row.variants_deleted > 0), &true)?;
    Ok(row.variants_deleted)
}

fn is_of_burst(target: &Target) -> bool {
    target.to_string().starts_with("pack#burst")
}

/// The ledger's rows of one request.
struct SentRequest<'a> {
    invalidation_id: &'a str,
    rows: Vec<&'a LedgerRow>,
}

impl SentRequest<'_> {
    /// The cache tags of the targets, sorted.
    fn tags(&self) -> Vec<String> {
        let mut tags: Vec<_> = self.rows.iter().map(|row| format!("#{}", tag_of(&row.tenant, &row.target))).collect();
        tags.sort_unstable();
        tags
    }
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
    sent.sort_by_key(|request| request.rows.iter().map(|row| row.started_at).min());
    sent
}

/// Adds the purges and the invalidations to the timeline.
fn add_to_timeline(fixture: &Fixture<'_>, sent: &[SentRequest<'_>], invalidations: &[Invalidation]) {
    for SentRequest { rows, .. } in sent {
        let Some(first) = rows.iter().find(|row| row.cause.requested_by.contains("stream")) else { continue };
        let kind = if rows.iter().all(|row| row.is_final) { "finally" } else { "early" };
        let what = format!("purges {} targets {kind}", rows.len());
        fixture.timeline.add_at(first.started_at.as_millis(), Part::PurgeRun, what);
        if let Some(deleted_at) = rows.iter().filter_map(|row| row.variants_deleted_at).max() {
            let variants: u64 = rows.iter().map(|row| row.variants_deleted).sum();
            let what = format!("has deleted {variants} variants from before the changes");
            fixture.timeline.add_at(deleted_at.as_millis(), Part::PurgeRun, what);
        }
    }
    for Invalidation { id, created_at_ms, items, .. } in invalidations {
        let what = match items.as_slice() {
            [item] => format!("accepts invalidation {id} of {item}"),
            _ => format!("accepts invalidation {id} of {} items", items.len()),
        };
        fixture.timeline.add_at(*created_at_ms, Part::Emulator, what);
    }
}
