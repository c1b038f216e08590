//! Events of completed purges, and images that are requested in advance: a subscriber follows the purges of one tenant,
//! and a viewer finds a new image at the edge that no viewer has asked for.

use std::time::{Duration, SystemTime};

use contract::events::{PURGE_COMPLETED, SOURCE};
use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::environment::Override;
use local_cloud::expectation::{UnmetError, expect_eq, expect_seen, wait_for};
use local_cloud::management::ManagementApi;
use local_cloud::ministack::ACCOUNT;
use local_cloud::report::{Report, StepError};
use local_cloud::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph};
use local_cloud::viewer::{Cache, Viewer};
use serde_json::{Value, json};

use crate::function::Function;
use crate::logs;

/// The tenant whose purges the subscriber follows, and one whose purges it does not.
const TENANT: &str = "acme";
const OTHER_TENANT: &str = "globex";
/// The pack that is edited, and the packs whose images viewers request.
const PACK: &str = "news";
const REQUESTED: [&str; 4] = ["page1", "page2", "page3", PACK];
/// The location that is requested most, and another one.
const LOCATION: &str = "main";
const OTHER_LOCATION: &str = "poster";
/// The images of a tenant that are requested in advance at once: those of two purges.
const BUDGET: u32 = 2;
/// The size of the images in pixels.
const SIZE: (u32, u32) = (640, 360);
/// The time limit for the demand to be counted: a minute, and a few requests.
const COUNTED_WITHIN: Duration = Duration::from_mins(2);
/// The time limit for both purges of an edit, and what follows them. If no purge run is woken, the schedule starts one within 70
/// seconds.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(150);
/// The messages of image-warming after a purge: one for each.
const WARMED: &str = "Requested images in advance.";
const BUDGET_USED_UP: &str = "The tenant's budget is used up.";

/// The options that the environment needs.
pub(crate) fn overrides() -> Vec<Override> {
    vec![
        ("events.purge_completed", Some(true.into())),
        ("warming.locations_max", Some(1.into())),
        // A token returns in a minute: later than the edits of this part.
        ("warming.requests_per_minute", Some(1.into())),
        ("warming.requests_burst", Some(BUDGET.into())),
    ]
}

/// Everything that the steps use.
struct Steps<'a> {
    cloud: &'a LocalCloud,
    editor: ManagementApi,
    viewer: Viewer,
    queue_url: String,
}

/// Plays the part.
pub(crate) async fn play(cloud: &LocalCloud, report: &Report) -> Result<(), StepError> {
    let subscribe = async {
        let queue_url = subscribe(cloud).await?;
        let (editor, viewer) = (cloud.management_api(TENANT)?, cloud.tenant(TENANT)?.viewer);
        Ok((Steps { cloud, editor, viewer, queue_url }, format!("{SOURCE}: {PURGE_COMPLETED}, {TENANT} only")))
    };
    let steps = report.step("a queue subscribes to the completed purges of one tenant", subscribe).await?;
    report.check("image-processing counts which location viewers request most", steps.demand()).await?;
    let name = "an edit is followed by the events of its early and its final purge";
    report.check(name, steps.followed(Colour::Blue)).await?;
    let name = "a viewer finds the new image at the most requested location, before any viewer has asked for it";
    report.check(name, steps.warmed(Colour::Blue)).await?;
    report.check("a subscriber of one tenant gets no event of another", steps.other_tenant()).await?;
    report.check("beyond the tenant's budget, the image is left to the viewers", steps.beyond_the_budget()).await
}

/// Creates a queue, and a rule on the environment's bus that sends it the completed purges of the tenant.
async fn subscribe(cloud: &LocalCloud) -> Result<String, Cause> {
    let queue = cloud.parts.clients.sqs.create_queue().queue_name("follower").send().await?;
    let bus = event_bus(cloud).await?;
    let pattern = json!({"source": [SOURCE], "detail-type": [PURGE_COMPLETED], "detail": {"tenant": [TENANT]}});
    let rule = json!({"Name": "follower", "EventBusName": bus, "EventPattern": pattern.to_string()});
    cloud.parts.root.json("events", "AWSEvents.PutRule", &rule).await?;
    let arn = format!("arn:aws:sqs:{}:{ACCOUNT}:follower", local_cloud::ministack::REGION);
    let targets = json!({"Rule": "follower", "EventBusName": bus, "Targets": [{"Id": "queue", "Arn": arn}]});
    cloud.parts.root.json("events", "AWSEvents.PutTargets", &targets).await?;
    queue.queue_url.ok_or_else(|| "CreateQueue returned no URL".into())
}

/// The name of the environment's event bus.
async fn event_bus(cloud: &LocalCloud) -> Result<String, Cause> {
    let buses = cloud.parts.root.json("events", "AWSEvents.ListEventBuses", &json!({})).await?;
    let names = buses["EventBuses"].as_array().into_iter().flatten().filter_map(|bus| bus["Name"].as_str());
    let mut own = names.filter(|name| *name != "default");
    match (own.next(), own.next()) {
        (Some(name), None) => Ok(name.to_owned()),
        _ => Err(format!("expected one event bus: {buses}").into()),
    }
}

impl Steps<'_> {
    /// Viewers request `main` of several packs and `poster` of one. The number is stored after a minute, with the next
    /// request.
    async fn demand(&self) -> Result<String, Cause> {
        for location in [LOCATION, OTHER_LOCATION] {
            self.editor.set_location_size(location, SIZE).await?;
        }
        for pack in REQUESTED {
            self.editor.create_image(pack, LOCATION, image(Colour::Red)?, Encoding::Jpeg.content_type()).await?;
            self.viewer.fetch(pack, LOCATION).await?;
        }
        let media_type = Encoding::Jpeg.content_type();
        self.editor.upload_original(PACK, OTHER_LOCATION, image(Colour::Red)?, media_type).await?.succeeded()?;
        self.viewer.fetch(PACK, OTHER_LOCATION).await?;
        let table = self.demand_table().await?;
        let demand = wait_for("the demand of a minute", COUNTED_WITHIN, async || {
            // A request with a date reaches image-processing and is no demand itself.
            let date = SystemTime::UNIX_EPOCH.elapsed()?.as_millis();
            self.viewer.get(&format!("{}&date={date}", self.viewer.url(PACK, Some(LOCATION)))).await?;
            let rows = self.cloud.parts.clients.dynamodb.scan().table_name(&table).send().await?;
            let count = |location: &str| -> u64 {
                let counts =
                    rows.items().iter().filter_map(|row| row.get(&format!("location#{location}"))?.as_n().ok());
                counts.filter_map(|count| count.parse::<u64>().ok()).sum()
            };
            let counts = (count(LOCATION), count(OTHER_LOCATION));
            Ok(if counts == (REQUESTED.len() as u64, 1) { Ok(counts) } else { Err(format!("{counts:?}")) })
        })
        .await?;
        Ok(format!("{LOCATION}: {}, {OTHER_LOCATION}: {}", demand.0, demand.1))
    }

    async fn demand_table(&self) -> Result<String, Cause> {
        let tables = self.cloud.parts.clients.dynamodb.list_tables().send().await?.table_names.unwrap_or_default();
        let prefix = format!("{}data-Demand", self.cloud.stack_prefix());
        Ok(tables.into_iter().find(|name| name.starts_with(&prefix)).ok_or_else(|| format!("no table {prefix}…"))?)
    }

    /// Replaces both images of the pack, and reads the events of its purges.
    async fn followed(&self, colour: Colour) -> Result<String, Cause> {
        self.edit(colour).await?;
        let events = self.until_final().await?;
        let kinds: Vec<_> = events.iter().map(|event| event["isFinal"] == true).collect();
        // A second upload while the early purge is under way can be a version of its own. A row that a purge run reads after its
        // settle delay gets the final purge only.
        let settle = self.cloud.settle_delay()?;
        let is_settled = |event: &Value| -> Option<bool> {
            let [enqueued_at, started_at] = ["enqueuedAt", "startedAt"].map(|name| event[name].as_str()?.parse().ok());
            let waited: jiff::SignedDuration = jiff::Timestamp::duration_since(started_at?, enqueued_at?);
            Some(waited.unsigned_abs() >= settle)
        };
        let is_early_or_late = events.first().is_some_and(|event| kinds[0] == is_settled(event).unwrap_or_default());
        if !is_early_or_late || kinds.last() != Some(&true) {
            return Err(
                UnmetError::new("an early purge, and then the final one".to_owned(), format!("{kinds:?}")).into()
            );
        }
        for event in &events {
            expect_eq("the environment", &event["environment"], &json!("dev"))?;
            expect_eq("the reasons", &event["reasons"], &json!(["image-locations-changed"]))?;
            expect_eq("the requester", &event["requestedBy"], &Value::Null)?;
            let times = ["firstEventAt", "enqueuedAt", "startedAt", "completedAt"].map(|name| time(event, name));
            if !times.is_sorted() || times.contains(&None) {
                return Err(UnmetError::new("times in their order".to_owned(), format!("{times:?}")).into());
            }
        }
        let completed_at: Vec<_> = events.iter().filter_map(|event| time(event, "completedAt")).collect();
        Ok(format!("completed at {}", completed_at.join(", ")))
    }

    async fn edit(&self, colour: Colour) -> Result<(), Cause> {
        let media_type = Encoding::Jpeg.content_type();
        for location in [LOCATION, OTHER_LOCATION] {
            self.editor.upload_original(PACK, location, image(colour)?, media_type).await?.succeeded()?;
        }
        Ok(())
    }

    /// Reads events until that of the final purge of the pack's newest change. Returns their details, without those that
    /// were delivered twice.
    async fn until_final(&self) -> Result<Vec<Value>, Cause> {
        let mut events: Vec<Value> = Vec::new();
        wait_for("the event of the final purge", FOLLOWED_WITHIN, async || {
            for event in self.receive().await? {
                expect_eq("the tenant", &event["tenant"], &json!(TENANT))?;
                let is_new = events.iter().all(|known| known["purge"] != event["purge"]);
                if is_new && event["target"] == format!("pack#{PACK}") {
                    events.push(event);
                }
            }
            let queue = self.cloud.observer()?.queue().await?;
            let is_pending = queue.iter().any(|row| row.tenant.as_str() == TENANT && row.completed_purge().is_none());
            let is_final = events.last().is_some_and(|event| event["isFinal"] == true);
            Ok(if is_final && !is_pending { Ok(()) } else { Err(format!("{events:?}")) })
        })
        .await?;
        Ok(events)
    }

    /// The details of the events that have arrived, the oldest first.
    async fn receive(&self) -> Result<Vec<Value>, Cause> {
        let sqs = &self.cloud.parts.clients.sqs;
        let received = sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(10).send().await?;
        let mut events = Vec::new();
        for message in received.messages() {
            let event: Value = serde_json::from_str(message.body().unwrap_or_default())?;
            expect_eq("the source", &event["source"], &json!(SOURCE))?;
            expect_eq("the type", &event["detail-type"], &json!(PURGE_COMPLETED))?;
            events.push(event["detail"].clone());
            let delete = sqs.delete_message().queue_url(&self.queue_url);
            delete.receipt_handle(message.receipt_handle().unwrap_or_default()).send().await?;
        }
        events.sort_by_key(|event| time(event, "completedAt").map(ToOwned::to_owned));
        Ok(events)
    }

    /// The image of the most requested location is at the edge; that of the other one is not.
    async fn warmed(&self, colour: Colour) -> Result<String, Cause> {
        self.until_logged(WARMED, 0).await?;
        let warmed = self.viewer.fetch(PACK, LOCATION).await?;
        expect_seen("the most requested location", &warmed, Cache::Hit, colour)?;
        let other = self.viewer.fetch(PACK, OTHER_LOCATION).await?;
        expect_seen("the other location", &other, Cache::Miss, colour)?;
        Ok(format!("{LOCATION}: {warmed}; {OTHER_LOCATION}: {other}"))
    }

    /// The number of lines with `message` in the log of image-warming.
    async fn logged(&self, message: &str) -> Result<usize, Cause> {
        let lines = logs::lines(self.cloud, &Function::ImageWarming.to_string()).await?;
        Ok(lines.iter().filter(|line| line.message.contains(message)).count())
    }

    /// Waits for more than `before` lines with `message` in the log of image-warming, which the local AWS has when the
    /// invocation ends.
    async fn until_logged(&self, message: &str, before: usize) -> Result<(), Cause> {
        wait_for(&format!("{message:?} in the log"), FOLLOWED_WITHIN, async || {
            let logged = self.logged(message).await?;
            Ok(if logged > before { Ok(()) } else { Err(format!("it {logged} times")) })
        })
        .await
    }

    async fn other_tenant(&self) -> Result<String, Cause> {
        let other = self.cloud.management_api(OTHER_TENANT)?;
        let media_type = Encoding::Jpeg.content_type();
        other.create_image(PACK, LOCATION, image(Colour::Red)?, media_type).await?;
        other.upload_original(PACK, LOCATION, image(Colour::Green)?, media_type).await?.succeeded()?;
        // The events of an edit of the followed tenant come after those of the other's.
        self.edit(Colour::Green).await?;
        let events = self.until_final().await?;
        let ledger = self.cloud.observer()?.ledger().await?;
        let of_other = |row: &&_| -> bool {
            let row: &domain::purge::ledger::LedgerRow = row;
            row.tenant.as_str() == OTHER_TENANT && row.is_final && row.completed_at.is_some()
        };
        expect_eq("whether the other tenant was purged", &ledger.iter().any(|row| of_other(&row)), &true)?;
        Ok(format!("{} events of {TENANT}, 0 of {OTHER_TENANT}", events.len()))
    }

    /// Edits until a purge finds an empty budget: on a busy machine a token can return in between.
    async fn beyond_the_budget(&self) -> Result<String, Cause> {
        for colour in [Colour::Amber, Colour::Green, Colour::Amber, Colour::Green, Colour::Amber] {
            let [used_up, warmed] = [self.logged(BUDGET_USED_UP).await?, self.logged(WARMED).await?];
            self.edit(colour).await?;
            self.until_final().await?;
            let is_used_up = wait_for("what image-warming does", FOLLOWED_WITHIN, async || {
                let is_used_up = self.logged(BUDGET_USED_UP).await? > used_up;
                let is_warmed = self.logged(WARMED).await? > warmed;
                Ok(if is_used_up || is_warmed { Ok(is_used_up) } else { Err("nothing".to_owned()) })
            });
            if is_used_up.await? {
                let seen = self.viewer.fetch(PACK, LOCATION).await?;
                expect_seen("the most requested location", &seen, Cache::Miss, colour)?;
                return Ok(format!("{LOCATION}: {seen}"));
            }
        }
        Err("the budget was never used up".into())
    }
}

/// A time of an event, in UTC. Without the `Z` behind it, times are in the order of their texts, with and without a fraction
/// of a second.
fn time<'a>(event: &'a Value, name: &str) -> Option<&'a str> {
    event[name].as_str()?.strip_suffix('Z')
}

fn image(colour: Colour) -> Result<Vec<u8>, Cause> {
    photograph(colour, ORIGINAL_SIZE, Encoding::Jpeg, 1)
}
