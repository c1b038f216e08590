//! Purge runs in addition to those of the schedule, which start once a minute, and to those that are woken.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use crate::function::Function;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, wait_for};
use local_cloud::observer::Observer;
use local_cloud::root_call::{RootCaller, text};

/// The time limit of a purge run: the function's, and some time for the local AWS.
const PURGE_RUN_WITHIN: Duration = Duration::from_mins(5);
/// The pause before the next try while another purge run has the lease.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest time that a killed run keeps others from the lease: its duration of a minute, and some time for a run that
/// the schedule starts meanwhile.
const LEASED_FOR_MAX: Duration = Duration::from_mins(2);

/// The result of one purge run.
#[derive(Debug)]
pub(crate) enum PurgeRun {
    /// The summary of a finished run.
    Ended(Value),
    /// The error of a failed or killed run.
    Failed(String),
}

/// The path of the functions in the Lambda API.
pub(crate) const FUNCTIONS: &str = "/2015-03-31/functions";

/// Starts purge runs.
#[derive(Debug, Clone)]
pub(crate) struct PurgeRuns {
    root: RootCaller,
    path: String,
    observer: Observer,
}

/// The name of a deployed function.
pub(crate) async fn function_name(root: &RootCaller, stack_prefix: &str, function: Function) -> Result<String, Cause> {
    let list = text(root.request("lambda", Method::GET, &format!("{FUNCTIONS}/"))).await?;
    let list: Value = serde_json::from_str(&list)?;
    let prefix = format!("{stack_prefix}pipeline-{function}");
    let names = list["Functions"].as_array().into_iter().flatten().filter_map(|one| one["FunctionName"].as_str());
    let name = names.into_iter().find(|name| name.starts_with(&prefix));
    Ok(name.ok_or_else(|| format!("no function is called {prefix}…"))?.to_owned())
}

impl PurgeRuns {
    pub(crate) async fn of(cloud: &LocalCloud) -> Result<Self, Cause> {
        let root = cloud.parts.root.clone();
        let name = function_name(&root, cloud.stack_prefix(), Function::ImageInvalidation).await?;
        Ok(Self { root, path: format!("{FUNCTIONS}/{name}/invocations"), observer: cloud.observer()? })
    }

    /// Runs once.
    pub(crate) async fn once(&self) -> Result<PurgeRun, Cause> {
        let invoke = self.root.request("lambda", Method::POST, &self.path).timeout(PURGE_RUN_WITHIN);
        let response = invoke.body("{}").send().await?;
        let response = response.error_for_status()?;
        let has_failed = response.headers().contains_key("x-amz-function-error");
        let body: Value = response.json().await?;
        Ok(if has_failed { PurgeRun::Failed(body.to_string()) } else { PurgeRun::Ended(body) })
    }

    /// Runs until one has finished or failed that had the lease.
    pub(crate) async fn once_with_lease(&self, within: Duration) -> Result<PurgeRun, Cause> {
        let began = Instant::now();
        loop {
            match self.once().await? {
                PurgeRun::Ended(summary) if summary["isLeasedElsewhere"] == true && began.elapsed() < within => {
                    tokio::time::sleep(PAUSE).await;
                }
                purge_run => return Ok(purge_run),
            }
        }
    }

    /// Runs until the queue is empty. Returns the number of runs.
    pub(crate) async fn until_empty(&self, within: Duration, on_progress: impl Fn(usize)) -> Result<u64, Cause> {
        let began = Instant::now();
        let mut purge_runs = 0;
        loop {
            let purge_run = self.once().await?;
            purge_runs += 1;
            let left = self.waiting().await?;
            if left == 0 {
                return Ok(purge_runs);
            }
            if began.elapsed() > within {
                return Err(
                    format!("{left} entries wait after {purge_runs} purge runs; the last one: {purge_run:?}").into()
                );
            }
            on_progress(left);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The number of queued entries.
    pub(crate) async fn waiting(&self) -> Result<usize, Cause> {
        Ok(self.observer.queue().await?.len())
    }

    /// The number of queued entries that no purge run has purged yet.
    pub(crate) async fn unpurged(&self) -> Result<usize, Cause> {
        Ok(self.observer.queue().await?.iter().filter(|entry| entry.early_purge_count == 0).count())
    }

    /// Waits until a killed run keeps others from the lease no longer, which its duration limits. Returns the time.
    pub(crate) async fn after_a_killed_run(&self) -> Result<Duration, Cause> {
        let began = Instant::now();
        match self.once_with_lease(LEASED_FOR_MAX).await? {
            PurgeRun::Ended(summary) if summary["isLeasedElsewhere"] == true => {
                let seen = format!("it was not free after {} s", began.elapsed().as_secs());
                Err(UnmetError::new("the lease of a killed purge run to expire".to_owned(), seen).into())
            }
            _ => Ok(began.elapsed()),
        }
    }

    /// Waits until the queue is empty, and starts no purge run.
    pub(crate) async fn until_emptied(&self, within: Duration) -> Result<(), Cause> {
        wait_for("an empty queue", within, async || {
            let left = self.waiting().await?;
            Ok(if left == 0 { Ok(()) } else { Err(format!("{left} entries")) })
        })
        .await
    }
}
