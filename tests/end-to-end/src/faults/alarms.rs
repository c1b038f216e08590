//! The alarms: for each one its cause is brought about, and the metric that would raise it is found.
//!
//! The local AWS counts invocations of Lambda's API itself. Of a function URL, of the HTTP API, of the stream and of the
//! queue it publishes no metrics: there the step finds the event that the metric counts. Of the distributions, the emulator
//! counts the responses.

mod late_event;
mod local_aws;

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use cloudfront_emulator::FaultPlan;
use contract::Metric;
use domain::{ImagePackId, Target};
use load_proxy::LoadPlan;
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::report::{Report, StepError};

use super::fixture::Fixture;
use super::purge_runs::{PurgeRun, PurgeRuns};
use super::{CALLED_WITHIN, DENIAL, EMPTY_WITHIN, workers};
use crate::function::{ExecutionRole, Function, Grant};
use crate::logs::{self, LogLine};
use crate::switches;
use crate::verification::installation;

/// Each alarm, its metric, and the cause that its step brings about.
const ALARMS: [(&str, &str, &str); 14] = [
    ("CloudFrontErrorsAlarm", "5xxErrorRate", "the origin of a distribution fails"),
    ("DeadLettersAlarm", "ApproximateNumberOfMessagesVisible", "a row of the queue rejects a change"),
    ("EventAgeAlarm", "IteratorAge", "purge-events does not read the stream"),
    ("FailedEditsAlarm", "Errors", "image-management is killed during an edit"),
    ("FailedImagesAlarm", "Url5xxCount", "image-processing may not read the pack"),
    ("FailedPurgeRunsAlarm", "Errors", "image-invalidation may not take the lease"),
    ("FailedPurgesAlarm", "Errors", "image-purge is killed during a DELETE"),
    ("FailedRequestsAlarm", "5xx", "image-purge may not read the registry"),
    ("NoPurgeRunAlarm", "Invocations", "the schedule is disabled"),
    ("OldestEntryAlarm", "OldestEntryAge", "the distributions lack the tag that grants to purge them"),
    ("StreamAgeAlarm", "IteratorAge", "the function does not read the stream"),
    ("ThrottledImagesAlarm", "Throttles", "image-processing has no concurrency"),
    ("ThrottledInvalidationsAlarm", "InvalidationsThrottled", "CloudFront throttles every call"),
    ("ThrottledPurgeRunsAlarm", "Throttles", "image-invalidation has no concurrency"),
];

/// The message of a function that processes records of the stream.
const RECORDS: &str = "Writing the changed targets to the queue.";
/// The first line of an invocation.
const START: &str = "START RequestId";
/// The time limit for an event to be seen.
const SEEN_WITHIN: Duration = Duration::from_mins(1);
/// The time without a purge run: longer than the minute between two of the local schedule.
const WITHOUT_PURGE_RUN: Duration = Duration::from_secs(80);
/// The time that a row or a record waits, so that its age is more than that of rounding and of other steps.
const WAITS: Duration = Duration::from_secs(5);
/// The attempts of the SDK for two calls of CloudFront, one for each tenant: the first call has failed then.
const ATTEMPTS: u64 = 6;
/// The delay of the emulator's responses while a DELETE is killed.
const HELD_BACK: Duration = Duration::from_secs(10);

struct Alarms<'a> {
    cloud: &'a LocalCloud,
    purge_runs: PurgeRuns,
    fixture: Fixture,
}

/// Plays the cause of every deployed alarm. Purge runs are not woken meanwhile.
pub(super) async fn play(
    cloud: &LocalCloud,
    purge_runs: PurgeRuns,
    fixture: Fixture,
    report: &Report,
) -> Result<(), StepError> {
    let compare = async {
        purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
        let mut deployed = local_aws::deployed_alarms(cloud).await?;
        deployed.sort();
        let expected: Vec<_> = ALARMS.map(|(alarm, metric, _)| (alarm.to_owned(), metric.to_owned())).into();
        expect_eq("the deployed alarms and their metrics", &deployed, &expected)?;
        Ok(format!("{} alarms", deployed.len()))
    };
    report.check("every deployed alarm has a step", compare).await?;
    let mut alarms = Alarms { cloud, purge_runs, fixture };
    let name = "one correlation id leads from a change in the stream to its invalidation and to the ledger";
    report.check(name, alarms.correlated()).await?;
    let mut failed = None;
    for (alarm, metric, cause) in ALARMS {
        let played = async { Ok(format!("{alarm}: {metric}, {}", alarms.play(alarm).await?)) };
        // The other alarms are played nevertheless.
        failed = report.check(cause, played).await.err().or(failed);
    }
    failed.map_or(Ok(()), Err)
}

impl Alarms<'_> {
    /// Brings the cause of `alarm` about and returns what its metric counts. Everything is as before afterwards.
    async fn play(&mut self, alarm: &str) -> Result<String, Cause> {
        match alarm {
            "CloudFrontErrorsAlarm" => self.cloudfront_errors().await,
            "DeadLettersAlarm" => self.dead_letter().await,
            "FailedEditsAlarm" => self.killed_edit().await,
            "FailedImagesAlarm" => self.failed_images().await,
            "FailedPurgesAlarm" => self.killed_delete().await,
            "EventAgeAlarm" => self.late_event().await,
            "FailedPurgeRunsAlarm" => self.failed_purge_run().await,
            "FailedRequestsAlarm" => self.failed_request().await,
            "NoPurgeRunAlarm" => self.no_purge_run().await,
            "OldestEntryAlarm" => self.old_entry().await,
            "StreamAgeAlarm" => self.old_record().await,
            "ThrottledImagesAlarm" => self.throttled(Function::ImageProcessing).await,
            "ThrottledInvalidationsAlarm" => self.throttled_invalidations().await,
            "ThrottledPurgeRunsAlarm" => self.throttled(Function::ImageInvalidation).await,
            _ => Err(format!("{alarm} has no step").into()),
        }
    }

    /// Edits, and finds the version of the ledger's row in the log of each function that the change passes.
    async fn correlated(&mut self) -> Result<String, Cause> {
        self.edit_and_purge().await?;
        let target = Target::Pack(ImagePackId::parse("storm1")?);
        let ledger = self.cloud.observer()?.ledger().await?;
        let of_storm1 = ledger.into_iter().filter(|row| row.tenant.as_str() == "acme" && row.target == target);
        let row = of_storm1.max_by_key(|row| row.started_at).ok_or("the ledger has no purge of acme/storm1")?;
        for (function, message) in [
            (Function::ImagePacksStream, "The change is in the queue."),
            (Function::ImageInvalidation, "CloudFront has accepted the purge."),
            (Function::ImageInvalidation, "CloudFront has completed the purge."),
        ] {
            // The stream's function knows no invalidation.
            let invalidation = row.invalidation_id.as_deref().filter(|_| function != Function::ImagePacksStream);
            // The local AWS has the lines of an invocation when it ends.
            wait_for(&format!("{message:?} with the id in the log of {function}"), SEEN_WITHIN, async || {
                let lines = logs::lines(self.cloud, &function.to_string()).await?;
                let is_logged = lines.iter().any(|LogLine { message: line, .. }| {
                    line.contains(message)
                        && line.contains(&row.version)
                        && line.contains(invalidation.unwrap_or_default())
                });
                Ok(if is_logged { Ok(()) } else { Err(format!("{} lines without it", lines.len())) })
            })
            .await?;
        }
        Ok(format!("{}: {}", row.version, row.invalidation_id.unwrap_or_default()))
    }

    async fn dead_letter(&mut self) -> Result<String, Cause> {
        let observer = self.cloud.observer()?;
        let key =
            [("tenant", "acme"), ("target", "pack#storm1")].map(|(name, text)| (name, AttributeValue::S(text.into())));
        let put = observer.clients.dynamodb.put_item().table_name(&observer.queue_table);
        let put = put.item("changes", AttributeValue::S("not a number".to_owned()));
        let put = key.iter().fold(put, |put, (name, value)| put.item(*name, value.clone()));
        put.send().await.map_err(aws_sdk_dynamodb::Error::from)?;
        self.fixture.edit().await?;
        let messages = wait_for("a dead letter", SEEN_WITHIN, async || {
            let messages = observer.dead_letters().await?;
            Ok(if messages > 0 { Ok(messages) } else { Err("none".to_owned()) })
        });
        let messages = messages.await;
        let delete = observer.clients.dynamodb.delete_item().table_name(&observer.queue_table);
        let delete = key.iter().fold(delete, |delete, (name, value)| delete.key(*name, value.clone()));
        delete.send().await.map_err(aws_sdk_dynamodb::Error::from)?;
        let purge = observer.clients.sqs.purge_queue().queue_url(&observer.dead_letter_queue_url);
        purge.send().await.map_err(aws_sdk_sqs::Error::from)?;
        self.edit_and_purge().await?;
        Ok(format!("{} message in the dead-letter queue", messages?))
    }

    async fn killed_edit(&self) -> Result<String, Cause> {
        let editor = self.cloud.management_api("acme")?;
        let load = &self.cloud.parts.load;
        load.inject(LoadPlan { throttled_per_mille: 1_000, seed: 1, ..LoadPlan::default() });
        let throttled = load.counts().throttled;
        let edit = tokio::spawn(async move { editor.get_pack("storm1").await });
        let called = wait_for("a call of image-management", SEEN_WITHIN, async || {
            Ok(if load.counts().throttled > throttled { Ok(()) } else { Err("none".to_owned()) })
        });
        let called = called.await;
        let killed = workers::kill(self.cloud, Some(Function::ImageManagement));
        load.stop();
        called?;
        let status = edit.await??.status;
        expect_eq("whether the API answers 5xx", &status.is_server_error(), &true)?;
        Ok(format!("{} invocation was killed, the API answered {status}", killed?))
    }

    async fn cloudfront_errors(&self) -> Result<String, Cause> {
        let responses = |tenant| {
            let id = self.cloud.tenant(tenant)?.distribution.distribution_id;
            Ok::<_, Cause>(self.cloud.parts.emulator.responses.of(&id))
        };
        let before = (responses("acme")?, responses("globex")?);
        self.view_without_origin("unreachable").await?;
        let rate = responses("acme")?.server_error_rate_since(before.0);
        expect_eq("5xxErrorRate of acme's distribution, in percent", &rate, &Some(100))?;
        expect_eq("5xxErrorRate of globex's", &responses("globex")?.server_error_rate_since(before.1), &None)?;
        Ok("100 percent of acme's distribution, no data of globex's".to_owned())
    }

    async fn failed_images(&self) -> Result<String, Cause> {
        self.view_without_origin("failed").await?;
        Ok("5 answers of the function URL with 502".to_owned())
    }

    /// Requests five images while image-processing answers with 502.
    async fn view_without_origin(&self, suffix: &str) -> Result<(), Cause> {
        let role = ExecutionRole::find(self.cloud, Function::ImageProcessing).await?;
        role.grant(&Grant::denial(DENIAL, "dynamodb:BatchGetItem")).await?;
        let statuses = self.view(suffix, 5).await;
        role.revoke(DENIAL).await?;
        Ok(expect_eq("the statuses of five images", &statuses?, &vec![502; 5])?)
    }

    /// Invokes `function` without concurrency. The local AWS throttles invocations through Lambda's API only, not those
    /// of a function URL.
    async fn throttled(&self, function: Function) -> Result<String, Cause> {
        let throttles = self.counted(function, "Throttles").await?;
        self.limit(function, true).await?;
        let invoked = self.invoke(function).await;
        self.limit(function, false).await?;
        expect_eq("the status of an invocation without concurrency", &invoked?, &429)?;
        self.expect_counted(function, "Throttles", throttles).await
    }

    /// The statuses of `count` requests of images that no edge has cached.
    async fn view(&self, suffix: &str, count: usize) -> Result<Vec<u16>, Cause> {
        let viewer = self.cloud.tenant("acme")?.viewer;
        let mut statuses = Vec::new();
        for number in 0..count {
            let url = viewer.url(&format!("storm1-{suffix}{number}"), Some("main"));
            statuses.push(viewer.get(&url).await?.status.as_u16());
        }
        Ok(statuses)
    }

    async fn killed_delete(&self) -> Result<String, Cause> {
        let token = self.cloud.token(&["acme"], SEEN_WITHIN)?;
        let faults = &self.cloud.parts.emulator.faults;
        let calls = faults.counts().calls;
        faults.inject(FaultPlan { delay: HELD_BACK, ..FaultPlan::default() });
        let admin_api = self.cloud.admin_api()?;
        let delete = tokio::spawn(async move { admin_api.delete("acme", "storm1", Some(&token)).await });
        let called = wait_for("a call of CloudFront", SEEN_WITHIN, async || {
            Ok(if faults.counts().calls > calls { Ok(()) } else { Err("none".to_owned()) })
        });
        let called = called.await;
        let killed = workers::kill(self.cloud, Some(Function::ImagePurge));
        faults.stop();
        called?;
        let status = delete.await??.status;
        expect_eq("whether the API answers 5xx", &status.is_server_error(), &true)?;
        self.purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
        Ok(format!("{} invocation was killed, the API answered {status}", killed?))
    }

    async fn failed_request(&self) -> Result<String, Cause> {
        let role = ExecutionRole::find(self.cloud, Function::ImagePurge).await?;
        role.grant(&Grant::denial(DENIAL, "ssm:GetParameter")).await?;
        let token = self.cloud.token(&["acme"], SEEN_WITHIN)?;
        let response = self.cloud.admin_api()?.delete("acme", "storm1", Some(&token)).await;
        role.revoke(DENIAL).await?;
        let status = response?.status;
        expect_eq("the status of a DELETE", &status.as_u16(), &502)?;
        Ok(format!("the API answered {status}"))
    }

    async fn failed_purge_run(&self) -> Result<String, Cause> {
        let errors = self.counted(Function::ImageInvalidation, "Errors").await?;
        let role = ExecutionRole::find(self.cloud, Function::ImageInvalidation).await?;
        role.grant(&Grant::denial(DENIAL, "dynamodb:UpdateItem")).await?;
        let purge_run = self.purge_runs.once().await;
        role.revoke(DENIAL).await?;
        match purge_run? {
            PurgeRun::Failed(_) => self.expect_counted(Function::ImageInvalidation, "Errors", errors).await,
            PurgeRun::Ended(summary) => Err(UnmetError::new("a failed run".to_owned(), summary.to_string()).into()),
        }
    }

    async fn no_purge_run(&self) -> Result<String, Cause> {
        let began = async || {
            let lines = logs::lines(self.cloud, &Function::ImageInvalidation.to_string()).await?;
            Ok::<_, Cause>(lines.iter().filter(|line| line.message.contains(START)).count())
        };
        let installation = installation(self.cloud).await?;
        switches::schedule(self.cloud, &installation, false).await?;
        // One that has just been invoked begins now.
        tokio::time::sleep(WAITS).await;
        let before = began().await?;
        tokio::time::sleep(WITHOUT_PURGE_RUN).await;
        let after = began().await;
        switches::schedule(self.cloud, &installation, true).await?;
        expect_eq("the purge runs while the schedule is disabled", &(after? - before), &0)?;
        wait_for("a purge run of the schedule", WITHOUT_PURGE_RUN, async || {
            Ok(if began().await? > before { Ok(()) } else { Err("none".to_owned()) })
        })
        .await?;
        Ok(format!("0 invocations in {} s, and more with the schedule", WITHOUT_PURGE_RUN.as_secs()))
    }

    async fn old_entry(&mut self) -> Result<String, Cause> {
        let tenants = ["acme", "globex"];
        for tenant in tenants {
            self.cloud.tag_distribution(tenant, Some("another")).await?;
        }
        let edited_at_ms = local_cloud::report::millis(std::time::SystemTime::UNIX_EPOCH.elapsed()?);
        let waited = async {
            self.fixture.edit().await?;
            self.fixture.until_queued().await?;
            tokio::time::sleep(WAITS).await;
            self.purge_runs.once_with_lease(CALLED_WITHIN).await
        };
        let waited = waited.await;
        for tenant in tenants {
            self.cloud.tag_distribution(tenant, None).await?;
        }
        waited?;
        let age = self.largest(Metric::OldestEntryAge, edited_at_ms).await?;
        self.purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
        if u128::from(age) < WAITS.as_millis() {
            return Err(UnmetError::new(format!("an age of {WAITS:?}"), format!("{age} ms")).into());
        }
        Ok(format!("{age} ms"))
    }

    async fn throttled_invalidations(&mut self) -> Result<String, Cause> {
        let edited_at_ms = local_cloud::report::millis(std::time::SystemTime::UNIX_EPOCH.elapsed()?);
        let faults = &self.cloud.parts.emulator.faults;
        let throttled = faults.counts().throttled;
        faults.inject(FaultPlan { throttled_per_mille: 1_000, seed: 1, ..FaultPlan::default() });
        self.fixture.edit().await?;
        self.fixture.until_queued().await?;
        let purge_runs = self.purge_runs.clone();
        let purge_run = tokio::spawn(async move { purge_runs.once_with_lease(CALLED_WITHIN).await });
        let called = wait_for("the attempts of throttled calls", CALLED_WITHIN, async || {
            let attempts = faults.counts().throttled - throttled;
            Ok(if attempts >= ATTEMPTS { Ok(()) } else { Err(attempts.to_string()) })
        });
        let called = called.await;
        faults.stop();
        called?;
        // The local AWS has the log of an invocation when it ends.
        purge_run.await??;
        self.purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
        let throttled = self.largest(Metric::InvalidationsThrottled, edited_at_ms).await?;
        expect_eq("the throttled calls of one record", &throttled, &1)?;
        Ok("1 in each record".to_owned())
    }

    async fn old_record(&mut self) -> Result<String, Cause> {
        let installation = installation(self.cloud).await?;
        switches::stream(self.cloud, &installation, false).await?;
        let edited_at_ms = local_cloud::report::millis(std::time::SystemTime::UNIX_EPOCH.elapsed()?);
        let edited = self.fixture.edit().await;
        tokio::time::sleep(WAITS).await;
        switches::stream(self.cloud, &installation, true).await?;
        edited?;
        let age = wait_for("the records in the log", SEEN_WITHIN, async || {
            let lines = logs::lines(self.cloud, &Function::ImagePacksStream.to_string()).await?;
            let lines = lines.iter().filter(|line| line.at_ms >= edited_at_ms && line.message.contains(RECORDS));
            let age = lines.filter_map(age_ms).max().unwrap_or_default();
            let is_old = u128::from(age) >= WAITS.as_millis();
            Ok(if is_old { Ok(age) } else { Err(format!("the oldest record is {age} ms old")) })
        });
        let age = age.await?;
        self.purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
        Ok(format!("the oldest record was {age} ms old when it was read"))
    }

    /// Edits every image and purges the edits.
    async fn edit_and_purge(&mut self) -> Result<(), Cause> {
        self.fixture.begin();
        self.fixture.edit().await?;
        self.fixture.until_queued().await?;
        self.purge_runs.until_empty(EMPTY_WITHIN, |_| {}).await?;
        self.fixture.until_seen().await
    }
}

/// The age of the oldest record that a line of the log names.
fn age_ms(LogLine { message, .. }: &LogLine) -> Option<u64> {
    let (_, age) = message.split_once("age_ms")?;
    let digits = age.trim_start_matches(|one: char| !one.is_ascii_digit());
    digits.split(|one: char| !one.is_ascii_digit()).next()?.parse().ok()
}
