//! The scenario: edits and their effect on viewers, against the deployed stacks.
//!
//! It writes only through the APIs of editors and admins. The deployed stream mapping fills the queue and wakes the
//! purge runs, the deployed schedule starts others, and the deployed function serves images through the emulator. The
//! operators' view (queue, ledger, invalidations, logs) is only read, except for the entries that are removed at the end
//! to be recovered.

mod accounts;
mod attacks;
mod burst;
mod edit;
mod edit_figures;
mod fixture;
mod manual_purge;
mod observed_edit;
mod purge;
pub(crate) mod recovery;
mod serving;
mod upload;

use std::path::Path;

use edit_figures::EditFigures;
use fixture::Fixture;
use local_cloud::LocalCloud;
use local_cloud::checkout::Checkout;
use local_cloud::report::{Report, StepError};
use local_cloud::timeline::Timeline;

/// Plays the scenario to its end or to the first step that does not hold.
///
/// Purge runs are woken at first. The pipeline is then deployed without wake-ups, and stays so: the last steps show edits
/// that wait for the schedule.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    report: &Report,
    timeline: &Timeline,
) -> Result<(), StepError> {
    let fixture = async { Ok((Fixture::of(cloud, timeline)?, String::new())) };
    let fixture = &report.step("the outputs of the stacks are read", fixture).await?;
    let mut figures = EditFigures::default();

    let name = "originals are uploaded for two tenants with the same pack id";
    report.check(name, upload::upload(fixture)).await?;
    report.check("a viewer gets a Miss, then Hits of growing Age", upload::first_views(fixture)).await?;
    let name = "a date bypasses the cache, HEAD returns the headers of GET, and an image has one path";
    report.check(name, serving::serving(fixture)).await?;
    let name = "attacks on the API are rejected, purge nothing, write nothing and log no secret";
    report.check(name, attacks::rejected(fixture, checkout)).await?;
    let name = "40 random suffixes of an image render nothing and store nothing";
    report.check(name, attacks::suffixes(fixture)).await?;
    report
        .check(
            "an update of metadata and a purge run without work purge nothing",
            purge::idle_purge_run(fixture, report),
        )
        .await?;

    let name = "the original is replaced, and GET says when it is purged";
    let edits = report.step(name, edit::replace(fixture)).await?.to_vec();
    let name = "a purge run is woken, and the viewer gets the new image within seconds";
    figures.write_to_fresh_ms = report.step(name, purge::until_fresh(fixture, report, edits)).await?;
    let name = "the ledger has the times of the early purge and of the final one, after the settle delay";
    figures.ledger_write_to_fresh_ms = report.step(name, accounts::early_and_final(fixture)).await?;
    let name = "a new suffix shows the new image, which is stored once";
    report.check(name, edit::new_suffix(fixture)).await?;

    let name = "fetchImage replaces an original, and rejects URLs of internal services";
    let mut edits = vec![report.step(name, edit::fetch(fixture)).await?];
    edits.extend(
        report.step("a crop moves, a pack gets another main location", edit::crop_and_relocate(fixture)).await?,
    );
    edits.push(report.step("a configuration changes, without and with force", edit::configure(fixture)).await?);
    report.check("100 writes to 20 packs become 20 queue entries", burst::burst(fixture)).await?;

    report.check("DELETE?dryRun=true previews the purge and changes nothing", manual_purge::previewed(fixture)).await?;
    let name = "ten parallel DELETEs with a valid token purge at once, and once";
    figures.delete_ms = report.step(name, manual_purge::accepted(fixture)).await?;

    let name = "the viewer gets the new image of every edit";
    report.step(name, purge::until_fresh(fixture, report, edits)).await?;
    let name = "every purge was exact, complete and of one tenant, and each change was purged at most twice";
    report.check(name, accounts::accounts(fixture, report)).await?;
    report.check("GET reports the completed purge of acme/cat", manual_purge::status_after(fixture)).await?;
    let name = "the answers to 30 DELETEs are measured";
    report.check(name, manual_purge::measured(fixture, &mut figures)).await?;
    let name = "POST purges packs and a location by the purge run, and a repeated one joins";
    report.check(name, manual_purge::enqueued(fixture)).await?;

    let name = "the pipeline is deployed without wake-ups";
    let cdk = cloud.parts.cdk(checkout, run_dir);
    report.check(name, cloud.deploy_without_wake_ups(&cdk, |line| report.progress.note(line))).await?;
    let name = "without wake-ups, an edit waits for the schedule";
    let edits = vec![report.step(name, edit::without_waking(fixture)).await?];
    let name = "the scheduled purge run purges it, and the viewer gets the new image";
    figures.unwoken_write_to_fresh_ms = report.step(name, purge::until_fresh(fixture, report, edits)).await?;
    report.check("the times of edits are counted", async { Ok(figures.write(checkout)?) }).await?;

    let name = "two edits are lost behind the stream; imagecache enqueues each of them once";
    let edits = report.step(name, recovery::lose_and_recover(fixture, checkout)).await?.to_vec();
    let name = "the next purge run purges the recovered edits";
    report.step(name, purge::until_fresh(fixture, report, edits)).await.map(drop)
}
