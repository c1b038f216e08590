//! Faults on the deployed system: killed functions, failing CloudFront calls, removed rights, a backlog. Afterwards
//! every viewer must get the new images, and nothing may be lost.
//!
//! The faults are deterministic: the emulator's by a seed, the kills by the preceding events.

mod alarms;
mod backlog;
mod fixture;
mod load;
pub(crate) mod purge_runs;
mod waking;
mod workers;

use std::path::Path;
use std::time::{Duration, Instant};

use cloudfront_emulator::FaultPlan;
use serde_json::json;

use crate::figures;
use crate::function::{ExecutionRole, Function, Grant};
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::report::{Report, StepError};

use fixture::Fixture;
use purge_runs::{PurgeRun, PurgeRuns};
use tokio::task::JoinHandle;

/// The default number of queue entries of the backlog.
pub(crate) const ENTRIES: usize = 10_000;

/// The time after the settle delay that the reads of clocks differ by.
const SETTLED_MARGIN: Duration = Duration::from_secs(1);
/// The time limit to empty the queue without faults.
const EMPTY_WITHIN: Duration = Duration::from_secs(150);
/// The time limit for a purge run to call CloudFront, other purge runs included.
const CALLED_WITHIN: Duration = Duration::from_secs(90);
/// The number of times that a step edits to meet its fault before the schedule's purge run does.
const ATTEMPTS: u32 = 3;
/// The delay of the emulator's responses while a purge run is killed.
const HELD_BACK: Duration = Duration::from_secs(20);
/// The number of times that all workers are killed.
const RESTARTS: u64 = 3;
/// The name of the policies that deny a call.
const DENIAL: &str = "a-right-is-deleted";
/// The time limit for a purge run of the schedule to make images fresh: one is due every minute.
const SCHEDULED_WITHIN: Duration = Duration::from_secs(150);
/// The number of purge runs while the emulator fails half of the calls.
const PURGE_RUNS_UNDER_FIRE: u64 = 3;

struct Faults<'a> {
    cloud: &'a LocalCloud,
    report: &'a Report,
    purge_runs: PurgeRuns,
    fixture: Fixture,
    killed: u64,
    rights_deleted: u64,
}

/// Plays every fault, with `entries` in the queue at the end.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    entries: usize,
    report: &Report,
) -> Result<(), StepError> {
    let open = async {
        let (purge_runs, fixture) = (PurgeRuns::of(cloud).await?, Fixture::open(cloud).await?);
        // Earlier steps may have left entries for a final purge; the faults must meet their own edits only.
        let note = |left| report.progress.note(&format!("{left} earlier entries wait"));
        purge_runs.until_empty(EMPTY_WITHIN, note).await?;
        let detail = format!("{} images of two tenants", fixture.len());
        Ok((Faults { cloud, report, purge_runs, fixture, killed: 0, rights_deleted: 0 }, detail))
    };
    let mut faults = report.step("images for the faults are uploaded and seen", open).await?;
    let name = "a burst of edits wakes a handful of purge runs";
    let woken = report.step(name, waking::burst(cloud, &faults.purge_runs, report)).await?;
    let name = "no purge run can be woken: the schedule makes the images fresh";
    report.check(name, faults.denied_wake_up()).await?;
    // Otherwise a woken purge run would meet the next faults' edits before the fault does.
    let name = "the pipeline is deployed without wake-ups";
    let cdk = cloud.parts.cdk(checkout, run_dir);
    report.check(name, cloud.deploy_without_wake_ups(&cdk, |line| report.progress.note(line))).await?;
    let name = "image-invalidation is killed while CloudFront responds: the images become fresh";
    report.check(name, faults.killed_purge_run()).await?;
    let name = "all functions are killed three times during edits: the images become fresh";
    report.check(name, faults.restarted_workers()).await?;
    let name = "CloudFront fails half of the calls: the images become fresh, by exact invalidations";
    report.check(name, faults.failing_emulator()).await?;
    let name = "rights are removed: edits wait, and the images become fresh when the rights are restored";
    report.check(name, faults.deleted_rights()).await?;
    let name = "DynamoDB and Systems Manager are under load: every edit is purged, and viewers get images meanwhile";
    let under_load = report.step(name, load::purge_edits(cloud, &faults.purge_runs, &faults.fixture, report)).await?;
    let name = "a backlog is purged without a loss";
    let emptied = report.step(name, backlog::empty(cloud, &faults.purge_runs, entries, report)).await?;
    let write = async {
        let counts = cloud.parts.emulator.faults.counts();
        let load = cloud.parts.load.counts();
        let injected = counts.injected()
            + load.throttled
            + load.conflicts
            + load.unprocessed
            + faults.killed
            + faults.rights_deleted;
        let figures = json!({
            "faults_injected": injected,
            "cloudfront_calls": counts.calls,
            "throttled": counts.throttled,
            "failed": counts.failed,
            "responses_lost": counts.responses_lost,
            "responses_delayed": counts.delayed,
            "dynamodb_and_ssm_calls_under_load": load.calls,
            "throttled_under_load": load.throttled,
            "transaction_conflicts": load.conflicts,
            "batches_left_unprocessed": load.unprocessed,
            "stream_batches_of_a_burst": woken.stream_batches,
            "purge_runs_of_a_burst": woken.purge_runs,
            "edits_under_load": under_load.edits,
            "edits_lost_under_load": under_load.lost,
            "processes_killed": faults.killed,
            "rights_deleted": faults.rights_deleted,
            "entries": emptied.entries,
            "lost": emptied.lost,
        });
        figures::write(checkout, "faults", &figures)?;
        Ok(format!("{injected} faults injected, {} entries, {} lost", emptied.entries, emptied.lost))
    };
    report.check("the faults are counted", write).await
}

/// Brings the cause of each alarm about.
pub(crate) async fn play_alarms(cloud: &LocalCloud, report: &Report) -> Result<(), StepError> {
    let open = async { Ok(((PurgeRuns::of(cloud).await?, Fixture::open(cloud).await?), String::new())) };
    let (purge_runs, fixture) = report.step("images for the alarms are uploaded and seen", open).await?;
    alarms::play(cloud, purge_runs, fixture, report).await
}

impl Faults<'_> {
    /// Step: the process of a purge run is killed between CloudFront's acceptance of its invalidation and the response.
    async fn killed_purge_run(&mut self) -> Result<String, Cause> {
        let purge_run = self.held_back_purge_run().await?;
        let faults = &self.cloud.parts.emulator.faults;
        let killed = workers::kill(self.cloud, Some(Function::ImageInvalidation))?;
        self.killed += killed;
        faults.stop();
        let end = purge_run.await??;
        let leased_for = self.purge_runs.after_a_killed_run().await?.as_secs();
        let fresh = self.until_fresh().await?;
        let end = match end {
            PurgeRun::Failed(why) => format!("it failed: {why}"),
            PurgeRun::Ended(_) => "the schedule's purge run was killed".to_owned(),
        };
        Ok(format!("{killed} process killed, {end}; the next purge run ended {leased_for} s later; {fresh}"))
    }

    /// Edits, and starts a purge run that waits for CloudFront's response. The schedule's purge run may purge the edits
    /// first and leave this one nothing to send; then the step edits again.
    async fn held_back_purge_run(&mut self) -> Result<JoinHandle<Result<PurgeRun, Cause>>, Cause> {
        let faults = &self.cloud.parts.emulator.faults;
        let mut attempts_left = ATTEMPTS;
        loop {
            self.edit_and_settle().await?;
            let calls = faults.counts().calls;
            faults.inject(FaultPlan { delay: HELD_BACK, ..FaultPlan::default() });
            let purge_runs = self.purge_runs.clone();
            let purge_run = tokio::spawn(async move { purge_runs.once().await });
            let called = wait_for("a purge run that calls CloudFront", CALLED_WITHIN, async || {
                let called = faults.counts().calls > calls;
                Ok(if called { Ok(()) } else { Err("no call".to_owned()) })
            });
            attempts_left -= 1;
            match called.await {
                Ok(()) => return Ok(purge_run),
                Err(unmet) if attempts_left == 0 => return Err(unmet),
                Err(_) => faults.stop(),
            }
            self.until_fresh().await?;
        }
    }

    /// Step: every process is killed, several times, while some edits are queued and others are in the stream.
    async fn restarted_workers(&mut self) -> Result<String, Cause> {
        self.fixture.begin();
        let mut killed = 0;
        for _ in 0..RESTARTS {
            self.fixture.edit().await?;
            killed += workers::kill(self.cloud, None)?;
        }
        self.killed += killed;
        if killed < RESTARTS {
            return Err(UnmetError::new("processes to kill".to_owned(), killed.to_string()).into());
        }
        self.fixture.until_queued().await?;
        self.purge_runs.after_a_killed_run().await?;
        self.settle().await?;
        Ok(format!("{killed} processes killed in {RESTARTS} restarts; {}", self.until_fresh().await?))
    }

    /// Step: half of the calls are throttled, fail, or take effect and return an error.
    async fn failing_emulator(&mut self) -> Result<String, Cause> {
        self.edit_and_settle().await?;
        let faults = &self.cloud.parts.emulator.faults;
        let before = faults.counts();
        let mut failed_purge_runs = 0;
        for seed in 1..=PURGE_RUNS_UNDER_FIRE {
            let plan = FaultPlan {
                throttled_per_mille: 200,
                failed_per_mille: 150,
                lost_per_mille: 150,
                seed,
                ..FaultPlan::default()
            };
            faults.inject(plan);
            failed_purge_runs +=
                u64::from(matches!(self.purge_runs.once_with_lease(CALLED_WITHIN).await?, PurgeRun::Failed(_)));
            self.fixture.edit().await?;
            self.fixture.until_queued().await?;
            self.settle().await?;
        }
        faults.stop();
        let counts = faults.counts();
        let [throttled, failed, lost] = [
            counts.throttled - before.throttled,
            counts.failed - before.failed,
            counts.responses_lost - before.responses_lost,
        ];
        if throttled + failed + lost == 0 {
            return Err(UnmetError::new("calls that went wrong".to_owned(), "none".to_owned()).into());
        }
        let calls = counts.calls - before.calls;
        let fresh = self.until_fresh().await?;
        Ok(format!(
            "{calls} calls of CloudFront: {throttled} throttled, {failed} failed, {lost} took effect and lost the \
                 response; {failed_purge_runs} of {PURGE_RUNS_UNDER_FIRE} purge runs failed; {fresh}"
        ))
    }

    /// Step: the stream handler may not invoke purge runs. Only a purge run of the schedule that has just begun finds the
    /// edits without being woken; then no wake-up fails, and the step edits again.
    async fn denied_wake_up(&mut self) -> Result<String, Cause> {
        let role = ExecutionRole::find(self.cloud, Function::ImagePacksStream).await?;
        role.grant(&Grant::denial(DENIAL, "lambda:InvokeFunction")).await?;
        let failed_before = waking::failed(self.cloud).await?;
        let edited = async {
            for _ in 0..ATTEMPTS {
                // A purge run that has the lease sees the edits without an invocation, also one that is just about to end.
                self.purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
                self.purge_runs.once_with_lease(CALLED_WITHIN).await?;
                self.fixture.begin();
                let edited_at = Instant::now();
                self.fixture.edit().await?;
                self.fixture.until_seen_within(SCHEDULED_WITHIN).await?;
                let failed = waking::failed(self.cloud).await? - failed_before;
                if failed > 0 {
                    return Ok::<_, Cause>((failed, edited_at.elapsed().as_secs()));
                }
            }
            Err(UnmetError::new("a wake-up that fails".to_owned(), "none".to_owned()).into())
        };
        let edited = edited.await;
        role.revoke(DENIAL).await?;
        let (failed, fresh_secs) = edited?;
        self.rights_deleted += 1;
        let fresh = self.until_fresh().await?;
        Ok(format!("{failed} wake-ups failed; the images were fresh {fresh_secs} s after the edits; {fresh}"))
    }

    /// Step: rights of image-invalidation are removed, one after the other, and restored.
    async fn deleted_rights(&mut self) -> Result<String, Cause> {
        let role = ExecutionRole::find(self.cloud, Function::ImageInvalidation).await?;
        let waiting = self.fixture.len();
        for action in ["dynamodb:PutItem", "s3:DeleteObject"] {
            self.edit_and_settle().await?;
            role.grant(&Grant::denial(DENIAL, action)).await?;
            let seen = self.expect_failed_purge_run(action, waiting).await;
            role.revoke(DENIAL).await?;
            seen?;
            if action == "s3:DeleteObject" {
                // Viewers do not wait for the deletion of old variants.
                self.fixture.until_seen().await?;
            }
            self.until_fresh().await?;
        }
        let tenants = ["acme", "globex"];
        self.edit_and_untag(tenants).await?;
        let seen = self.expect_unavailable(tenants.len(), waiting).await;
        let old = self.fixture.old().await?.len();
        self.tag(tenants, None).await?;
        seen?;
        expect_eq("the images that are old while no function may invalidate", &old, &waiting)?;
        self.rights_deleted += 3;
        let fresh = self.until_fresh().await?;
        Ok(format!(
            "without dynamodb:PutItem and s3:DeleteObject, each: the purge run failed, and only the former kept viewers \
                 waiting; without the tags of the environment: the distributions were unavailable; {waiting} entries waited; {fresh}"
        ))
    }

    /// Checks that a purge run fails without `right`, and that all entries stay queued.
    async fn expect_failed_purge_run(&self, right: &str, waiting: usize) -> Result<(), Cause> {
        if let PurgeRun::Ended(summary) = self.purge_runs.once_with_lease(CALLED_WITHIN).await? {
            return Err(UnmetError::new(format!("a purge run without {right} to fail"), summary.to_string()).into());
        }
        let left = self.purge_runs.waiting().await?;
        Ok(expect_eq(&format!("the entries that wait after a purge run without {right}"), &left, &waiting)?)
    }

    /// Checks that a purge run without permission for the distributions of `tenants` does not fail, that it counts their
    /// requests as unavailable, and that all entries stay queued.
    async fn expect_unavailable(&self, tenants: usize, waiting: usize) -> Result<(), Cause> {
        let summary = match self.purge_runs.once_with_lease(CALLED_WITHIN).await? {
            PurgeRun::Ended(summary) => summary,
            PurgeRun::Failed(why) => {
                return Err(UnmetError::new("a purge run to wait for grants".to_owned(), why).into());
            }
        };
        // One request for each tenant.
        expect_eq("the requests without a grant", &summary["requestsUnavailable"], &json!(tenants))?;
        let left = self.purge_runs.waiting().await?;
        Ok(expect_eq("the entries that wait for a grant", &left, &waiting)?)
    }

    /// Edits every image, and takes the tags of the environment from the distributions before an edit is purged. The purge run
    /// of the schedule may begin in between.
    async fn edit_and_untag(&mut self, tenants: [&str; 2]) -> Result<(), Cause> {
        for _ in 0..ATTEMPTS {
            self.edit_and_settle().await?;
            self.tag(tenants, Some("another")).await?;
            if self.purge_runs.unpurged().await? == self.fixture.len() {
                return Ok(());
            }
            self.tag(tenants, None).await?;
            self.until_fresh().await?;
        }
        Err(format!("the schedule's purge run purged the edits first in each of {ATTEMPTS} attempts").into())
    }

    async fn tag(&self, tenants: [&str; 2], environment: Option<&str>) -> Result<(), Cause> {
        for tenant in tenants {
            self.cloud.tag_distribution(tenant, environment).await?;
        }
        Ok(())
    }

    /// Edits, and waits until the edits have settled. The schedule's purge run may purge them early in that time; then
    /// a fault would not meet them: viewers look at the new images, and the step edits again.
    async fn edit_and_settle(&mut self) -> Result<(), Cause> {
        for _ in 0..ATTEMPTS {
            self.fixture.begin();
            self.fixture.edit().await?;
            self.fixture.until_queued().await?;
            self.settle().await?;
            if self.purge_runs.unpurged().await? == self.fixture.len() {
                return Ok(());
            }
            self.until_fresh().await?;
        }
        Err(format!("the schedule's purge run purged the edits early in each of {ATTEMPTS} attempts").into())
    }

    /// Waits until the edits have settled: then the next purge is final.
    async fn settle(&self) -> Result<(), Cause> {
        tokio::time::sleep(self.cloud.settle_delay()? + SETTLED_MARGIN).await;
        Ok(())
    }

    /// Runs purge runs until the queue is empty, and checks that the result is the same as without faults.
    async fn until_fresh(&self) -> Result<String, Cause> {
        let note = |left| self.report.progress.note(&format!("{left} entries wait"));
        let purge_runs = self.purge_runs.until_empty(EMPTY_WITHIN, note).await?;
        let invalidations = self.fixture.expect_fresh().await?;
        Ok(format!(
            "{} images fresh and completed in the ledger after {purge_runs} more purge runs, {invalidations} \
             invalidations, 0 dead letters, 0 edits lost",
            self.fixture.len()
        ))
    }
}
