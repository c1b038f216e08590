//! The steps: each brings one symptom about, runs the commands, and mends it.

use std::time::{Duration, Instant, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::http::header::DATE;
use cloudfront_emulator::FaultPlan;
use domain::Timestamp;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::expectation::{expect_eq, wait_for};
use local_cloud::loopback_server::LoopbackServer;
use local_cloud::report::millis;
use local_cloud::test_image::Colour;
use local_cloud::viewer::Viewer;
use serde_json::json;

use super::fixture::{CONFIGURED, Fixture, LOCATION, PURGED_WITHIN, RESIZED, TENANT};
use super::{Printed, further_cache};
use crate::commands::permissions::run_permitted;
use crate::defects::{self, OtherTagHeader};
use crate::imagecache;
use crate::switches;

/// The tenant whose distribution is registered for another one.
const OTHER: &str = "globex";

/// The time in which a command finds a symptom, once it is there. If no purge run is woken, the schedule starts one within 70
/// seconds.
const FOUND_WITHIN: Duration = Duration::from_secs(150);
/// The time after which a change that the queue does not have is not on its way any more.
const DELIVERED_WITHIN: Duration = Duration::from_secs(11);
/// The difference of a clock that the doctor must find.
const SKEW: Duration = Duration::from_secs(90);
/// The age of a change that should have been purged.
const OVERDUE: Duration = Duration::from_mins(10);

impl Fixture<'_> {
    /// The commands with the permissions that the runbook lists for each.
    pub(super) async fn permitted(&self) -> Result<String, Cause> {
        let (emulator, url) = (self.emulator(), self.url("waiting", LOCATION));
        let mut lines = Vec::new();
        for (command, argument) in [("why", url.as_str()), ("check", &url), ("doctor", TENANT)] {
            let arguments = [command, argument, "--viewer-endpoint", &emulator];
            let ended = run_permitted(self.cloud, &arguments).await?.expect(true, &[])?;
            lines.extend(ended.text.lines().next().map(|line| format!("{command}: {line}")));
        }
        Ok(lines.join("\n"))
    }

    /// Plays the step of `symptom`.
    pub(super) async fn play(&self, symptom: &str) -> Result<Printed, Cause> {
        match symptom {
            "An edited image still shows the old one" => self.waiting().await,
            "No purge run starts by itself" => self.no_schedule().await,
            "An edited image still shows the old one after minutes" => self.overdue().await,
            "The new image shows, and the purge has not ended" => self.in_flight().await,
            "Some viewers see the new image, others the old one" => self.further_cache().await,
            "An edit never shows" => self.not_visible().await,
            "All images of a location keep their old size or quality" => self.not_forced().await,
            "Purges wait, and CloudFront throttles" => self.throttled().await,
            "Purges of one tenant wait" => self.missing_grant().await,
            "A purge became a dead letter" => self.dead_letter().await,
            "Purges complete, and viewers keep the old image: no tags" => self.missing_tags().await,
            "Purges complete, and viewers keep the old image: another distribution" => self.wrong_distribution().await,
            "Edits reach neither the queue nor the ledger" => self.not_delivered().await,
            "The times that the commands print are wrong" => self.wrong_clock().await,
            "The host of a tenant does not respond" => self.no_host().await,
            "An alarm was raised, and no operator heard of it" => self.no_subscriber().await,
            "There is no image" => self.no_image().await,
            _ => Err(format!("{symptom:?} has no step").into()),
        }
    }

    /// Without schedule and without the right to wake one, no purge run begins.
    async fn waiting(&self) -> Result<Printed, Cause> {
        self.stop_purge_runs().await?;
        self.edit("waiting", Colour::Blue).await?;
        self.observer.queued(&self.tenant.id, "pack#waiting").await?;
        let seen = self.tenant.viewer.fetch("waiting", LOCATION).await?;
        expect_eq("the image that viewers get", &seen.image.colour, &Colour::Red)?;
        let check = self.printed("check", &[&self.url("waiting", LOCATION)], false).await?;
        Ok(self.why("waiting", false).await?.and(check))
    }

    /// As [`Self::waiting`] left it.
    async fn no_schedule(&self) -> Result<Printed, Cause> {
        self.doctor().await
    }

    /// The same, when the change is older than a purge takes. Then purge runs begin again.
    async fn overdue(&self) -> Result<Printed, Cause> {
        let now = Timestamp::from_millis(millis(SystemTime::UNIX_EPOCH.elapsed()?));
        let update = self.observer.clients.dynamodb.update_item().table_name(&self.observer.queue_table);
        let update = update
            .key("tenant", AttributeValue::S(TENANT.to_owned()))
            .key("target", AttributeValue::S("pack#waiting".to_owned()))
            .update_expression("SET firstEventAt = :at")
            .expression_attribute_values(":at", AttributeValue::N(now.minus(OVERDUE).as_millis().to_string()));
        update.send().await.map_err(aws_sdk_dynamodb::Error::from)?;
        let printed = self.why("waiting", false).await?.and(self.doctor().await?);
        self.start_purge_runs().await?;
        self.until_fresh("waiting", Colour::Blue).await?;
        Ok(printed)
    }

    /// The early purge shows an edit at once; the final one follows, which a busy machine may reach first.
    async fn in_flight(&self) -> Result<Printed, Cause> {
        let url = self.url("waiting", LOCATION);
        let mut seen = String::new();
        for colour in [Colour::Green, Colour::Amber].into_iter().cycle().take(10) {
            self.edit("waiting", colour).await?;
            let edited_at = Instant::now();
            while edited_at.elapsed() < FOUND_WITHIN && !seen.contains("Every layer") {
                let ended = self.run(&["why", &url, "--viewer-endpoint", &self.emulator()]).await?;
                if ended.text.contains("This edge has the current image") {
                    self.until_fresh("waiting", colour).await?;
                    return Ok(Printed(vec![("why", ended.expect(true, &[])?.text)]));
                }
                seen = ended.text;
            }
            self.until_fresh("waiting", colour).await?;
            seen.clear();
        }
        Err("no command met an early purge before its final one".into())
    }

    /// A viewer behind another cache sees the old image, and the new one at the URL that the command suggests.
    async fn further_cache(&self) -> Result<Printed, Cause> {
        let cache = further_cache::start(self.emulator()).await?;
        let address = format!("http://{}", cache.address());
        let behind = Viewer::new(&self.host(), cache.address())?;
        behind.fetch("shared", LOCATION).await?;
        self.edit("shared", Colour::Amber).await?;
        self.until_fresh("shared", Colour::Amber).await?;
        let seen = behind.fetch("shared", LOCATION).await?;
        expect_eq("the image behind the other cache", &seen.image.colour, &Colour::Red)?;
        let printed = self.why("shared", true).await?;
        let url = self.url("shared", LOCATION);
        // On a busy machine, the purge can still be under way for the command.
        let ended = wait_for("the verdict behind the other cache", FOUND_WITHIN, async || {
            let ended = self.run(&["why", &url, "--viewer-endpoint", &address]).await?;
            Ok(if ended.text.contains("A cache between CloudFront") { Ok(ended) } else { Err(ended.text) })
        })
        .await?;
        let suggested = ended.text.split("/api/v2/img/").last().and_then(|rest| rest.split('?').next());
        let fresh = behind.fetch(suggested.unwrap_or_default(), LOCATION).await?;
        expect_eq("the image at the suggested URL", &fresh.image.colour, &Colour::Amber).context(ended.text.clone())?;
        Ok(printed.and(Printed(vec![("why", ended.text)])))
    }

    async fn not_visible(&self) -> Result<Printed, Cause> {
        self.after_rendering().await;
        self.editor.patch_pack("retitled", &json!({"title": "Evening news"})).await?.succeeded()?;
        self.why("retitled", false).await
    }

    /// Saves a configuration without force, and then with it, as the command says.
    async fn not_forced(&self) -> Result<Printed, Cause> {
        self.after_rendering().await;
        self.editor.set_location_size(CONFIGURED, (96, 54)).await?;
        let emulator = self.emulator();
        let arguments = [TENANT, RESIZED, "--location", CONFIGURED, "--viewer-endpoint", &emulator];
        let ended = self.run(&[&["why"], &arguments[..]].concat()).await?.expect(false, &[])?;
        self.editor.force_location(CONFIGURED).await?.succeeded()?;
        wait_for("the image in its new size", PURGED_WITHIN, async || {
            let seen = self.tenant.viewer.fetch(RESIZED, CONFIGURED).await?.image;
            Ok(if seen.width == 96 { Ok(()) } else { Err(format!("{} pixels", seen.width)) })
        })
        .await?;
        self.purge_runs.until_empty(PURGED_WITHIN, |_| {}).await?;
        Ok(Printed(vec![("why", ended.text)]))
    }

    async fn throttled(&self) -> Result<Printed, Cause> {
        let faults = &self.cloud.parts.emulator.faults;
        faults.inject(FaultPlan { throttled_per_mille: 1_000, seed: 1, ..FaultPlan::default() });
        let printed = self.refused("throttled").await;
        faults.stop();
        self.until_fresh("throttled", Colour::Blue).await?;
        printed
    }

    async fn missing_grant(&self) -> Result<Printed, Cause> {
        self.cloud.tag_distribution(TENANT, Some("another")).await?;
        let printed = self.refused("ungranted").await;
        self.cloud.tag_distribution(TENANT, None).await?;
        self.until_fresh("ungranted", Colour::Blue).await?;
        printed
    }

    /// Edits `pack`, and runs the commands when CloudFront does not accept its purge.
    async fn refused(&self, pack: &str) -> Result<Printed, Cause> {
        self.edit(pack, Colour::Blue).await?;
        let printed = wait_for("a request that CloudFront does not accept", FOUND_WITHIN, async || {
            let printed = self.why(pack, false).await?;
            Ok(if printed.has("CloudFront has not accepted a purge") || printed.has("denies it") {
                Ok(printed)
            } else {
                Err(format!("{printed:?}"))
            })
        });
        Ok(printed.await?.and(self.doctor().await?))
    }

    /// CloudFront rejects an item; then the dead letter is replayed, as the command says.
    async fn dead_letter(&self) -> Result<Printed, Cause> {
        let faults = &self.cloud.parts.emulator.faults;
        faults.reject_items(&["#acme/rejected"]);
        self.edit("rejected", Colour::Blue).await?;
        let dead = wait_for("a dead letter", FOUND_WITHIN, async || {
            let messages = self.observer.dead_letters().await?;
            Ok(if messages > 0 { Ok(()) } else { Err("none".to_owned()) })
        });
        let dead = dead.await;
        faults.reject_items(&[]);
        dead?;
        let printed = self.why("rejected", false).await?.and(self.doctor().await?);
        self.run(&["dead-letters", "replay"]).await?.expect(true, &[])?;
        self.until_fresh("rejected", Colour::Blue).await?;
        expect_eq("the dead letters", &self.observer.dead_letters().await?, &0)?;
        Ok(printed)
    }

    /// An object that entered the cache without tags survives its purge.
    async fn missing_tags(&self) -> Result<Printed, Cause> {
        let other = OtherTagHeader::send(self.cloud, &self.installation).await?;
        let printed = async {
            self.tenant.viewer.fetch("untagged-1", LOCATION).await?;
            self.edit("untagged", Colour::Blue).await?;
            self.observer.queued(&self.tenant.id, "pack#untagged").await?;
            self.purge_runs.until_empty(PURGED_WITHIN, |_| {}).await?;
            let printed = self.why("untagged-1", false).await?.and(self.doctor().await?);
            Ok::<_, Cause>(printed.and(self.printed("check", &[&self.url("untagged-1", LOCATION)], false).await?))
        };
        let printed = printed.await;
        other.mend().await?;
        printed
    }

    async fn wrong_distribution(&self) -> Result<Printed, Cause> {
        defects::register(self.cloud, TENANT, OTHER).await?;
        let printed = async {
            self.edit("misrouted", Colour::Blue).await?;
            self.observer.queued(&self.tenant.id, "pack#misrouted").await?;
            self.purge_runs.until_empty(PURGED_WITHIN, |_| {}).await?;
            Ok::<_, Cause>(self.why("misrouted", false).await?.and(self.doctor().await?))
        };
        let printed = printed.await;
        defects::register(self.cloud, TENANT, TENANT).await?;
        self.edit("misrouted", Colour::Green).await?;
        self.until_fresh("misrouted", Colour::Green).await?;
        printed
    }

    async fn not_delivered(&self) -> Result<Printed, Cause> {
        switches::stream(self.cloud, &self.installation, false).await?;
        let printed = async {
            self.edit("undelivered", Colour::Blue).await?;
            tokio::time::sleep(DELIVERED_WITHIN).await;
            Ok::<_, Cause>(self.why("undelivered", false).await?.and(self.doctor().await?))
        };
        let printed = printed.await;
        switches::stream(self.cloud, &self.installation, true).await?;
        self.until_fresh("undelivered", Colour::Blue).await?;
        printed
    }

    /// The clock of AWS is behind this machine's.
    async fn wrong_clock(&self) -> Result<Printed, Cause> {
        let behind = jiff::Timestamp::now().checked_sub(jiff::SignedDuration::try_from(SKEW)?)?;
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&behind)?;
        let routes = Router::new().fallback(async move || [(DATE, date)]);
        let server = LoopbackServer::serve(LoopbackServer::bind(0).await?, routes)?;
        let clock = [("AWS_ENDPOINT_URL_STS", format!("http://{}", server.address()))];
        let arguments = ["doctor", TENANT, "--viewer-endpoint", &self.emulator()];
        let ended = imagecache::run_in(self.cloud, &arguments, &clock).await?.expect(false, &[" 1 failed"])?;
        Ok(Printed(vec![("doctor", ended.text)]))
    }

    /// The host is not in the DNS of this machine, or no server is there.
    async fn no_host(&self) -> Result<Printed, Cause> {
        let ended = self.run(&["doctor", TENANT]).await?.expect(false, &[" 1 failed"])?;
        Ok(Printed(vec![("doctor", ended.text)]))
    }

    async fn no_subscriber(&self) -> Result<Printed, Cause> {
        defects::unsubscribe(self.cloud, &self.installation).await?;
        let printed = self.doctor().await;
        defects::subscribe(self.cloud, &self.installation).await?;
        printed
    }

    async fn no_image(&self) -> Result<Printed, Cause> {
        let emulator = self.emulator();
        let arguments = ["why", TENANT, "waiting", "--location", "nowhere", "--viewer-endpoint", &emulator];
        let ended = self.run(&arguments).await?.expect(false, &[])?;
        Ok(Printed(vec![("why", ended.text)]))
    }
}

impl Printed {
    fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn has(&self, text: &str) -> bool {
        self.0.iter().any(|(_, output)| output.contains(text))
    }
}
