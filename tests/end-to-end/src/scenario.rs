//! The scenario: edits and their effect on viewers, against the deployed stacks.
//!
//! It writes only through the APIs of editors and admins. The deployed schedule starts the purge runs, the deployed
//! stream mapping fills the queue, and the deployed function serves images through the emulator. The operators' view
//! (queue, ledger, invalidations, logs) is only read, except for the entries that are removed at the end to be
//! recovered.

mod attacks;
mod burst;
mod edit;
mod fixture;
mod manual_purge;
mod observed_edit;
mod purge;
mod recovery;
mod serving;
mod upload;

use fixture::Fixture;
use local_cloud::LocalCloud;
use local_cloud::checkout::Checkout;
use local_cloud::report::{Report, StepError};
use local_cloud::timeline::Timeline;

/// Plays the scenario to its end or to the first step that does not hold.
///
/// All steps share two purge runs. The first one finds an empty queue and must do nothing. All edits follow it at once,
/// so that they have settled when the second one starts a minute later and purges them.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    report: &Report,
    timeline: &Timeline,
) -> Result<(), StepError> {
    let fixture = async { Ok((Fixture::of(cloud, timeline)?, String::new())) };
    let fixture = &report.step("the outputs of the stacks are read", fixture).await?;

    let name = "originals are uploaded for two tenants with the same pack id";
    report.check(name, upload::upload(fixture)).await?;
    report.check("a viewer gets a Miss, then Hits of growing Age", upload::first_views(fixture)).await?;
    let name = "a date bypasses the cache, HEAD returns the headers of GET, and an image has one path";
    report.check(name, serving::serving(fixture)).await?;
    let name = "attacks on the API are rejected, purge nothing, write nothing and log no secret";
    report.check(name, attacks::rejected(fixture, checkout)).await?;
    report
        .check(
            "an update of metadata and a purge run without work purge nothing",
            purge::idle_purge_run(fixture, report),
        )
        .await?;

    let name = "the original is replaced: the viewer still gets the old image";
    let mut edits = report.step(name, edit::replace(fixture)).await?.to_vec();
    report.check("a new suffix shows the new image without any purge", edit::new_suffix(fixture)).await?;
    let name = "fetchImage replaces an original, and rejects URLs of internal services";
    edits.push(report.step(name, edit::fetch(fixture)).await?);
    edits.extend(
        report.step("a crop moves, a pack gets another main location", edit::crop_and_relocate(fixture)).await?,
    );
    edits.push(report.step("a configuration changes, without and with force", edit::configure(fixture)).await?);
    report.check("100 writes to 20 packs become 20 queue entries", burst::burst(fixture)).await?;

    let name = "GET reports the pending change of acme/cat and its time";
    report.check(name, manual_purge::status_before(fixture)).await?;
    report.check("DELETE?dryRun=true previews the purge and changes nothing", manual_purge::previewed(fixture)).await?;
    let name = "ten parallel DELETEs with a valid token purge at once, and once";
    report.check(name, manual_purge::accepted(fixture)).await?;

    let name = "the purge run purges, and the viewer gets the new image of every edit";
    report.check(name, purge::until_fresh(fixture, report, edits)).await?;
    report.check("every purge was exact, complete and of one tenant", purge::accounts(fixture, report)).await?;
    report.check("GET reports the completed purge of acme/cat", manual_purge::status_after(fixture)).await?;

    let name = "two edits are lost behind the stream; imagecache enqueues each of them once";
    let edits = report.step(name, recovery::lose_and_recover(fixture, checkout)).await?.to_vec();
    report.check("the next purge run purges the recovered edits", purge::until_fresh(fixture, report, edits)).await
}
