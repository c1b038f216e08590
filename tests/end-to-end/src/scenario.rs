//! The scenario: an image edit and what viewers see of it, against the deployed stacks.
//!
//! It writes only what an editor writes and calls only what a viewer or an admin calls. The purge run is started by
//! the deployed schedule, the queue is filled by the deployed stream mapping, and images come through the emulator from
//! the deployed function. What operators can see (queue, ledger, invalidations, logs) is only read, but for what is
//! lost on purpose in the end, to be recovered.

mod attacks;
mod burst;
mod edit;
mod fixture;
mod manual_purge;
pub(crate) mod observation;
mod observed_edit;
mod purge;
mod recovery;
mod upload;

use fixture::Fixture;
use local_cloud::LocalCloud;
use local_cloud::checkout::Checkout;
use local_cloud::report::{Report, StepFailed};
use local_cloud::timeline::Timeline;

/// Plays the scenario from beginning to end, or to the first step that does not hold.
///
/// The order lets everything share two purge runs: nothing waits when the first one comes, which must therefore do
/// nothing; all edits follow it at once, so that they have settled when the second one comes, a minute later, and
/// purges them.
pub async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    report: &Report,
    timeline: &Timeline,
) -> Result<(), StepFailed> {
    let fixture = async { Ok((Fixture::of(cloud, timeline)?, String::new())) };
    let fixture = &report.step("the stacks say what everything is called", fixture).await?;

    let name = "originals are uploaded for two tenants with the same pack id";
    report.step(name, upload::upload(fixture)).await?;
    report.step("a viewer gets a Miss, then Hits of growing Age", upload::first_views(fixture)).await?;
    let name = "attacks on the API are rejected, purge nothing, write nothing and leave no secret in a log";
    report.step(name, attacks::rejected(fixture, cloud, checkout)).await?;
    report
        .step(
            "an update of metadata and a purge run without work purge nothing",
            purge::idle_purge_run(fixture, report),
        )
        .await?;

    let name = "the original is replaced: the viewer still gets the old image";
    let mut edits = report.step(name, edit::replace(fixture)).await?.to_vec();
    report.step("a new suffix shows the new image without any purge", edit::new_suffix(fixture)).await?;
    let name = "fetchImage replaces an original, and rejects URLs that look into the cloud's insides";
    edits.push(report.step(name, edit::fetch(fixture, cloud)).await?);
    edits.extend(report.step("a crop moves, a pack gets another main location", edit::crop_and_turn(fixture)).await?);
    edits.push(report.step("a configuration changes, without and with force", edit::configure(fixture)).await?);
    report.step("100 writes to 20 packs become 20 queue entries", burst::burst(fixture)).await?;

    let name = "GET says that the change of acme/cat waits, and since when";
    report.step(name, manual_purge::status_before(fixture, cloud)).await?;
    report
        .step("DELETE?dryRun=true says what it would do, and does nothing", manual_purge::previewed(fixture, cloud))
        .await?;
    report.step("DELETE with a good token purges at once", manual_purge::accepted(fixture, cloud)).await?;

    let name = "the purge run purges, and the viewer gets the new image of every edit";
    report.step(name, purge::until_fresh(fixture, report, edits)).await?;
    report.step("every purge was exact, complete and of one tenant", purge::accounts(fixture, report)).await?;
    report.step("GET says that the purge of acme/cat is completed", manual_purge::status_after(fixture, cloud)).await?;

    let name = "two edits are lost behind the stream; imagecache enqueues each of them, once";
    let edits = report.step(name, recovery::lose_and_recover(fixture, cloud)).await?.to_vec();
    report.step("the next purge run purges what was recovered", purge::until_fresh(fixture, report, edits)).await
}
