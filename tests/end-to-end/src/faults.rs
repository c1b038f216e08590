//! Faults on the deployed system: functions are killed, CloudFront fails, rights are taken away, the queue overflows.
//! Afterwards everybody must see the new images, and nothing may be lost.
//!
//! What goes wrong is chosen, never drawn by chance: the emulator's faults by a seed, the kills by what has happened
//! before.

mod backlog;
mod fixture;
mod purge_runs;
mod workers;

use std::time::Duration;

use cloudfront_emulator::FaultPlan;
use serde_json::json;

use crate::figures;
use crate::scenario::observation::{Unmet, expect_eq, wait_for};
use local_cloud::LocalCloud;
use local_cloud::checkout::Checkout;
use local_cloud::function::{Function, Grant};
use local_cloud::report::{Cause, Report, StepFailed};

use fixture::Fixture;
use purge_runs::{PurgeRun, PurgeRuns};

/// How many entries fill the queue.
pub const ENTRIES: usize = 50_000;

/// Longer than the settle delay of the local environment: then one purge run purges for good.
const SETTLED_AFTER: Duration = Duration::from_secs(18);
/// How long the queue may take to be empty when nothing goes wrong any more.
const EMPTY_WITHIN: Duration = Duration::from_secs(150);
/// How long a purge run may be held up before it calls CloudFront, other purge runs included.
const CALLED_WITHIN: Duration = Duration::from_secs(90);
/// How long the emulator holds its responses back while a purge run is killed.
const HELD_BACK: Duration = Duration::from_secs(20);
/// How often all workers are killed while edits are made.
const RESTARTS: u64 = 3;
/// How often a purge run is tried while the emulator fails half of the calls.
const PURGE_RUNS_UNDER_FIRE: u64 = 3;

/// Who takes part.
struct Faults<'a> {
    cloud: &'a LocalCloud,
    report: &'a Report,
    purge_runs: PurgeRuns,
    fixture: Fixture,
    killed: u64,
    rights_deleted: u64,
}

/// Plays every fault, with `entries` in the queue at the end.
pub async fn play(cloud: &LocalCloud, checkout: &Checkout, entries: usize, report: &Report) -> Result<(), StepFailed> {
    let open = async {
        let (purge_runs, fixture) = (PurgeRuns::of(cloud).await?, Fixture::open(cloud).await?);
        // What was played before may wait to be purged once more; the faults must meet their own edits only.
        let note = |left| report.progress.note(&format!("{left} entries of before wait"));
        purge_runs.until_empty(EMPTY_WITHIN, note).await?;
        let detail = format!("{} images of two tenants", fixture.len());
        Ok((Faults { cloud, report, purge_runs, fixture, killed: 0, rights_deleted: 0 }, detail))
    };
    let mut faults = report.step("images for the faults are uploaded and seen", open).await?;
    let name = "image-invalidation is killed while CloudFront responds: the images become fresh";
    report.step(name, faults.killed_purge_run()).await?;
    let name = "all functions are killed again and again while edits are made: the images become fresh";
    report.step(name, faults.restarted_workers()).await?;
    let name = "CloudFront fails half of the calls: the images become fresh, by exact invalidations";
    report.step(name, faults.failing_emulator()).await?;
    let name = "rights are deleted: edits wait, and the images become fresh when the rights are back";
    report.step(name, faults.deleted_rights()).await?;
    let name = "a backlog in the queue is emptied, and nothing of it is lost";
    let emptied = report.step(name, backlog::empty(cloud, &faults.purge_runs, entries, report)).await?;
    let write = async {
        let counts = cloud.emulator().faults.counts();
        let injected = counts.injected() + faults.killed + faults.rights_deleted;
        let figures = json!({
            "faults_injected": injected,
            "cloudfront_calls": counts.calls,
            "throttled": counts.throttled,
            "failed": counts.failed,
            "responses_lost": counts.responses_lost,
            "responses_delayed": counts.delayed,
            "processes_killed": faults.killed,
            "rights_deleted": faults.rights_deleted,
            "entries": emptied.entries,
            "lost": emptied.lost,
        });
        figures::write(checkout, "faults", &figures)?;
        Ok(((), format!("{injected} faults injected, {} entries, things lost: {}", emptied.entries, emptied.lost)))
    };
    report.step("the faults are counted", write).await
}

impl Faults<'_> {
    /// Step: the process of a purge run is killed when CloudFront has its invalidation and before it knows.
    async fn killed_purge_run(&mut self) -> Result<((), String), Cause> {
        self.edit_and_settle().await?;
        let faults = &self.cloud.emulator().faults;
        let calls = faults.counts().calls;
        faults.inject(FaultPlan { delay: HELD_BACK, ..FaultPlan::default() });
        let purge_runs = self.purge_runs.clone();
        let purge_run = tokio::spawn(async move { purge_runs.once().await });
        wait_for("a purge run that calls CloudFront", CALLED_WITHIN, async || {
            let called = faults.counts().calls > calls;
            Ok(if called { Ok(()) } else { Err("no call".to_owned()) })
        })
        .await?;
        let killed = workers::kill(self.cloud.stack_prefix(), Some(Function::ImageInvalidation))?;
        self.killed += killed;
        faults.stop();
        let end = purge_run.await??;
        self.purge_runs.let_the_lease_expire().await?;
        let fresh = self.until_fresh().await?;
        let end = match end {
            PurgeRun::Failed(why) => format!("it failed: {why}"),
            PurgeRun::Ended(_) => "the schedule's purge run was the one".to_owned(),
        };
        Ok(((), format!("{killed} process killed, {end}; {fresh}")))
    }

    /// Step: every process is killed, several times, each time when some edits wait and others are on their way.
    async fn restarted_workers(&mut self) -> Result<((), String), Cause> {
        self.fixture.begin();
        let mut killed = 0;
        for _ in 0..RESTARTS {
            self.fixture.edit().await?;
            killed += workers::kill(self.cloud.stack_prefix(), None)?;
        }
        self.killed += killed;
        if killed < RESTARTS {
            return Err(Unmet::new("processes to kill".to_owned(), killed.to_string()).into());
        }
        self.fixture.until_queued().await?;
        self.purge_runs.let_the_lease_expire().await?;
        tokio::time::sleep(SETTLED_AFTER).await;
        Ok(((), format!("{killed} processes killed in {RESTARTS} restarts; {}", self.until_fresh().await?)))
    }

    /// Step: half of the calls are throttled, fail, or take effect and say that they failed.
    async fn failing_emulator(&mut self) -> Result<((), String), Cause> {
        self.edit_and_settle().await?;
        let faults = &self.cloud.emulator().faults;
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
            tokio::time::sleep(SETTLED_AFTER).await;
        }
        faults.stop();
        let counts = faults.counts();
        let [throttled, failed, lost] = [
            counts.throttled - before.throttled,
            counts.failed - before.failed,
            counts.responses_lost - before.responses_lost,
        ];
        if throttled + failed + lost == 0 {
            return Err(Unmet::new("calls that went wrong".to_owned(), "none".to_owned()).into());
        }
        let calls = counts.calls - before.calls;
        let fresh = self.until_fresh().await?;
        Ok((
            (),
            format!(
                "{calls} calls of CloudFront: {throttled} throttled, {failed} failed, {lost} took effect and lost the \
                 response; {failed_purge_runs} of {PURGE_RUNS_UNDER_FIRE} purge runs failed; {fresh}"
            ),
        ))
    }

    /// Step: rights of image-invalidation are deleted, one after the other, and given back.
    async fn deleted_rights(&mut self) -> Result<((), String), Cause> {
        self.edit_and_settle().await?;
        let (clients, role) = (self.cloud.clients(), self.cloud.role(Function::ImageInvalidation).await?);
        let waiting = self.fixture.len();
        for action in ["s3:DeleteObject", "dynamodb:PutItem"] {
            let denial = Grant::denial("a-right-is-deleted", action);
            role.grant(clients, &denial).await?;
            let seen = self.expect_failed_purge_run(action, waiting).await;
            role.revoke(clients, "a-right-is-deleted").await?;
            seen?;
        }
        let mut grants = Vec::new();
        for tenant in ["acme", "globex"] {
            grants.push(role.revoke(clients, &format!("purge-{tenant}")).await?);
        }
        let seen = self.expect_failed_purge_run("cloudfront:CreateInvalidation", waiting).await;
        let old = self.fixture.old().await?.len();
        for grant in &grants {
            role.grant(clients, grant).await?;
        }
        seen?;
        expect_eq("the images that are old while no function may invalidate", &old, &waiting)?;
        self.rights_deleted += 3;
        let fresh = self.until_fresh().await?;
        Ok((
            (),
            format!(
                "without s3:DeleteObject, dynamodb:PutItem and the tenants' grants, each: the purge run failed, {waiting} \
                 entries waited; {fresh}"
            ),
        ))
    }

    /// Demands that a purge run fails without `right`, and that what waits goes on waiting.
    async fn expect_failed_purge_run(&self, right: &str, waiting: usize) -> Result<(), Cause> {
        if let PurgeRun::Ended(summary) = self.purge_runs.once_with_lease(CALLED_WITHIN).await? {
            return Err(Unmet::new(format!("a purge run without {right} to fail"), summary.to_string()).into());
        }
        let left = self.purge_runs.waiting().await?;
        Ok(expect_eq(&format!("the entries that wait after a purge run without {right}"), &left, &waiting)?)
    }

    async fn edit_and_settle(&mut self) -> Result<(), Cause> {
        self.fixture.begin();
        self.fixture.edit().await?;
        self.fixture.until_queued().await?;
        tokio::time::sleep(SETTLED_AFTER).await;
        Ok(())
    }

    /// Lets purge runs empty the queue, and demands that everything is as if nothing had gone wrong.
    async fn until_fresh(&self) -> Result<String, Cause> {
        let note = |left| self.report.progress.note(&format!("{left} entries wait"));
        let purge_runs = self.purge_runs.until_empty(EMPTY_WITHIN, note).await?;
        let invalidations = self.fixture.expect_fresh().await?;
        Ok(format!(
            "{} images fresh and completed in the ledger after {purge_runs} more purge runs, {invalidations} invalidations, 0 dead \
             letters, 0 edits lost",
            self.fixture.len()
        ))
    }
}
