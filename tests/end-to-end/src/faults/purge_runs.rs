//! Purge runs besides those of the schedule, which comes once a minute only.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use local_cloud::LocalCloud;
use local_cloud::function::Function;
use local_cloud::observer::Observer;
use local_cloud::report::Cause;

/// How long a purge run may take: the function's time limit, and something for the local AWS.
const PURGE_RUN_WITHIN: Duration = Duration::from_mins(5);
/// How long to leave the queue to somebody else's purge run before trying again.
const PAUSE: Duration = Duration::from_secs(1);

/// The header that every call needs. The local AWS takes the account's root by its name and checks no signature of it.
const AS_ROOT: &str =
    "AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0";

/// What became of one purge run.
#[derive(Debug)]
pub(super) enum PurgeRun {
    /// It ended; its summary.
    Ended(Value),
    /// It failed, or its process went away; what the local AWS says.
    Failed(String),
}

/// Starts purge runs.
#[derive(Debug, Clone)]
pub(super) struct PurgeRuns {
    client: reqwest::Client,
    url: String,
    observer: Observer,
}

impl PurgeRuns {
    pub(super) async fn of(cloud: &LocalCloud) -> Result<Self, Cause> {
        let ministack = cloud.ministack();
        let client = ministack.certificate().http_client()?.timeout(PURGE_RUN_WITHIN).build()?;
        let functions = format!("{}/2015-03-31/functions", ministack.endpoint());
        let list = client.get(format!("{functions}/")).header("authorization", AS_ROOT).send().await?;
        let list: Value = list.error_for_status()?.json().await?;
        let prefix = format!("{}pipeline-{}", cloud.stack_prefix(), Function::ImageInvalidation);
        let names = list["Functions"].as_array().into_iter().flatten().filter_map(|one| one["FunctionName"].as_str());
        let name = names.into_iter().find(|name| name.starts_with(&prefix));
        let name = name.ok_or_else(|| format!("no function is called {prefix}…"))?;
        Ok(Self { client, url: format!("{functions}/{name}/invocations"), observer: cloud.observer()? })
    }

    /// Runs once.
    pub(super) async fn once(&self) -> Result<PurgeRun, Cause> {
        let response = self.client.post(&self.url).header("authorization", AS_ROOT).body("{}").send().await?;
        let response = response.error_for_status()?;
        let has_failed = response.headers().contains_key("x-amz-function-error");
        let body: Value = response.json().await?;
        Ok(if has_failed { PurgeRun::Failed(body.to_string()) } else { PurgeRun::Ended(body) })
    }

    /// Runs until one has ended that had the lease, whether well or not.
    pub(super) async fn once_with_lease(&self, within: Duration) -> Result<PurgeRun, Cause> {
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

    /// Runs again and again until the queue is empty, and says how often.
    pub(super) async fn until_empty(&self, within: Duration, on_progress: impl Fn(usize)) -> Result<u64, Cause> {
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

    /// How many entries wait.
    pub(super) async fn waiting(&self) -> Result<usize, Cause> {
        Ok(self.observer.queue().await?.len())
    }

    /// Lets the time of a lease pass whose owner was killed: four minutes in which nothing else would happen.
    pub(super) async fn let_the_lease_expire(&self) -> Result<(), Cause> {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let update = self.observer.clients.dynamodb.update_item().table_name(&self.observer.queue_table);
        let update = update.key("tenant", text("#lease")).key("target", text("image-invalidation"));
        let update = update.update_expression("SET leaseExpiresAt = :now");
        let update = update.expression_attribute_values(":now", AttributeValue::N("0".to_owned()));
        update.send().await.map_err(aws_sdk_dynamodb::Error::from)?;
        Ok(())
    }
}
