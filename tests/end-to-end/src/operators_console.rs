//! The operators' console in Chromium: what an operator sees, in both themes, by keys, on a phone, and with records that
//! cannot be read.

mod page;

use std::path::Path;
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::purge::ledger::{IN_PROGRESS, LedgerRow};
use local_cloud::LocalCloud;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{expect_eq, wait_for};
use local_cloud::imagecache::OperatorsConsole;
use local_cloud::report::{Report, StepError};
use local_cloud::root_call::elements;
use local_cloud::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph};
use local_cloud::viewer::Cache;
use recovery::Installation;
use serde_json::json;

use crate::browser::chromium::Chromium;
use crate::commands::permissions::{permitted, variables};
use crate::imagecache::ENVIRONMENT;
use crate::switches;
use crate::verification::installation;
use page::{Page, Seen, Theme};

const TENANT: &str = "acme";
/// The pack whose image is stale, and then fresh.
const PACK: &str = "poster";
const LOCATION: &str = "main";
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The time for an edit to reach the queue, and for an invalidation to take effect.
const EFFECTIVE_WITHIN: Duration = Duration::from_secs(20);
/// The time for the schedule to complete a purge.
const PURGED_WITHIN: Duration = Duration::from_secs(200);
/// The sizes of the screens in pixels: a desk's and a phone's.
const DESK: (u32, u32) = (1280, 1000);
const PHONE: (u32, u32) = (360, 740);
/// The script of axe-core in the checkout.
const AXE: &str = "node_modules/axe-core/axe.min.js";

/// Everything that the steps use.
struct Steps<'a> {
    cloud: &'a LocalCloud,
    installation: Installation,
    run_dir: &'a Path,
    page: Page<'a>,
}

/// Serves the console and tests it in Chromium; screenshots are in `run_dir`.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    report: &Report,
) -> Result<(), StepError> {
    let start = async {
        let credentials = permitted(cloud, &["console"]).await?;
        let axe = std::fs::read_to_string(checkout.root().join(AXE)).context("reading axe-core; run `make setup`")?;
        Ok(((OperatorsConsole::start(cloud, run_dir, &variables(&credentials)).await?, axe), String::new()))
    };
    let (console, axe) =
        report.step("imagecache console is served, with the permissions that the runbook lists", start).await?;
    let start = async { Ok((Chromium::start(run_dir).await?, String::new())) };
    let chromium = report.step("Chromium starts for the operators' console", start).await?;
    let page = Page { client: &chromium.client, url: console.url(), axe: &axe };
    let open = async {
        let steps = Steps { cloud, installation: installation(cloud).await?, run_dir, page };
        let detail = steps.edit().await?;
        Ok((steps, detail))
    };
    let played = match report.step("an edit waits, because the schedule is disabled", open).await {
        Ok(steps) => steps.play(report).await,
        Err(error) => Err(error),
    };
    let close = async { Ok((chromium.close().await?, String::new())) };
    let closed = report.step("Chromium of the operators' console ends", close).await;
    played.and(closed)
}

impl Steps<'_> {
    async fn play(&self, report: &Report) -> Result<(), StepError> {
        report.check("the operators' console rejects other hosts", self.strangers()).await?;
        let name = "the overview shows queue, histogram, quotas, price and alarms, in both themes without violations";
        report.check(name, self.overview()).await?;
        report.check("a raised alarm is the first one", self.raised_alarm()).await?;
        report.check("a tenant's view shows why a target waits and until when", self.tenant()).await?;
        report.check("an image's view names the layer that is stale, and is fresh after a purge", self.image()).await?;
        report.check("the history lists the purges of a pack", self.history()).await?;
        report.check("records that cannot be read are named, and hide no others", self.unreadable()).await?;
        report.check("no view scrolls sideways on a phone", self.phone()).await?;
        report.check("every view is reached by keys, and Back leads back", self.keys()).await?;
        report.check("the schedule is enabled again", self.schedule()).await
    }

    /// Replaces the original of an image that an edge has. Nothing purges it.
    async fn edit(&self) -> Result<String, Cause> {
        // For the figures.
        let observer = self.cloud.observer()?;
        wait_for("completed purges in the ledger, and an empty queue", PURGED_WITHIN, async || {
            let completed = observer.ledger().await?.iter().filter(|row| row.completed_at.is_some()).count();
            let waiting = observer.queue().await?.len();
            let seen = format!("{completed} completed, {waiting} waiting");
            Ok(if completed > 0 && waiting == 0 { Ok(()) } else { Err(seen) })
        })
        .await?;
        switches::schedule(self.cloud, &self.installation, false).await?;
        let editor = self.cloud.management_api(TENANT)?;
        let (tenant, media_type) = (self.cloud.tenant(TENANT)?, Encoding::Jpeg.content_type());
        let image = |colour| photograph(colour, ORIGINAL_SIZE, Encoding::Jpeg, 1);
        editor.set_location_size(LOCATION, (640, 360)).await?;
        editor.create_image(PACK, LOCATION, image(Colour::Red)?, media_type).await?;
        tenant.viewer.fetch(PACK, LOCATION).await?;
        editor.upload_original(PACK, LOCATION, image(Colour::Blue)?, media_type).await?.succeeded()?;
        let queued = observer.queued(&tenant.id, &format!("pack#{PACK}")).await?;
        let seen = tenant.viewer.fetch(PACK, LOCATION).await?;
        expect_eq("the source of the image that viewers get", &seen.cache, &Cache::Hit)?;
        Ok(local_cloud::observer::queued_text(&queued))
    }

    async fn schedule(&self) -> Result<String, Cause> {
        switches::schedule(self.cloud, &self.installation, true).await?;
        Ok(String::new())
    }

    /// Step: a request with the name that a foreign page could have resolved to loopback.
    async fn strangers(&self) -> Result<String, Cause> {
        let client = reqwest::Client::builder().no_proxy().build()?;
        let foreign = client.get(format!("{}api/purges", self.page.url)).header("host", "rebound.example");
        let written = client.post(format!("{}api/purges", self.page.url));
        for request in [foreign, written] {
            expect_eq("the status of a foreign request", &request.send().await?.status().as_u16(), &403)?;
        }
        Ok("403 twice".to_owned())
    }

    async fn overview(&self) -> Result<String, Cause> {
        self.page.resize(DESK.0, DESK.1).await?;
        self.page.open("").await?;
        let alarms = format!(" of {}.", self.alarms().await?.len());
        let seen = self
            .page
            .until("every panel of the overview", |seen| {
                seen.is_read()
                    && seen.panel("Now").contains("waiting")
                    && seen.panel("Queue, last 24 hours").contains("most targets that waited")
                    && seen.panel("Write to fresh, last 24 hours").contains("changes were purged: half of them within")
                    && seen.panel("Quotas of CloudFront").contains("of 150 used")
                    && seen.panel("Price this month").contains("US$ 0.00")
                    && seen.panel("Alarms").starts_with("Raised: ")
                    && seen.panel("Alarms").contains(&alarms)
                    && seen.panel("Tenants").contains(TENANT)
                    && seen.panel("Queue").contains(&format!("pack#{PACK}"))
                    && seen.charts.len() == 3
            })
            .await?;
        let passed = self.page.check(self.run_dir, "operators-overview", &Theme::BOTH).await?;
        Ok(format!("{}\n{passed} rules of axe-core hold, 0 violations in both themes", seen.charts.join("\n")))
    }

    async fn raised_alarm(&self) -> Result<String, Cause> {
        let alarms = self.alarms().await?;
        let name =
            alarms.iter().find(|name| name.contains("DeadLetters")).ok_or("there is no alarm on dead letters")?;
        self.set_alarm(name, "ALARM").await?;
        self.page.press("r").await?;
        let raised = self
            .page
            .until("the raised alarm before all others", |seen| {
                let mut states = seen.panel("Alarms").lines().filter(|line| line.contains("pipeline-"));
                let first = states.next().unwrap_or_default();
                first.starts_with("raised") && first.contains(name.as_str())
            })
            .await;
        self.set_alarm(name, "OK").await?;
        raised.map(|_| name.clone())
    }

    /// The names of the deployed alarms.
    async fn alarms(&self) -> Result<Vec<String>, Cause> {
        let found = self.cloud.parts.root.query("monitoring", "DescribeAlarms", &[("MaxRecords", "100")]).await?;
        let prefix = format!("{}pipeline-", self.cloud.stack_prefix());
        let names = elements(&found, "AlarmName").into_iter().filter(|name| name.starts_with(&prefix));
        Ok(names.map(ToOwned::to_owned).collect())
    }

    async fn set_alarm(&self, name: &str, state: &str) -> Result<(), Cause> {
        let state = [("AlarmName", name), ("StateValue", state), ("StateReason", "a test of the console")];
        self.cloud.parts.root.query("monitoring", "SetAlarmState", &state).await.map(drop)
    }

    async fn tenant(&self) -> Result<String, Cause> {
        self.page.open("").await?;
        self.page.until("the overview", |seen| seen.panel("Tenants").contains(TENANT)).await?;
        self.page.follow(TENANT).await?;
        // Purges of the editors' console: no purge run tracks them while the schedule is disabled.
        let in_flight = |row: &LedgerRow| row.tenant.as_str() == TENANT && row.invalidation_status == IN_PROGRESS;
        let in_flight = self.cloud.observer()?.ledger().await?.iter().filter(|row| in_flight(row)).count();
        let used = format!("Items in progress: {in_flight} of 3000 used");
        let seen = self
            .page
            .until("the tenant with its queue, quotas and last purges", |seen| {
                let queue = seen.panel("Queue");
                seen.title == format!("Tenant {TENANT}")
                    && seen.is_read()
                    && seen.panel("Now").contains(&used)
                    && queue.contains(&format!("pack#{PACK}"))
                    && queue.contains("the next round of a purge run")
                    && seen.panel("Last purges").contains("Completed")
            })
            .await?;
        let passed = self.page.check(self.run_dir, "operators-tenant", &Theme::BOTH).await?;
        Ok(format!("{}\n{passed} rules hold", seen.panel("Queue")))
    }

    async fn image(&self) -> Result<String, Cause> {
        self.page.follow(&format!("pack#{PACK}")).await?;
        self.page.until("the view of the main image", |seen| seen.title == format!("Image {TENANT}/{PACK}")).await?;
        self.page.open(&image_hash()).await?;
        let stale = self
            .page
            .until("the stale layer", |seen| {
                let layers = seen.panel("Layers");
                seen.is_read()
                    && layers.lines().any(|line| line.starts_with("CloudFront") && line.contains("old"))
                    && layers.lines().any(|line| line.starts_with("pack table") && line.contains("current"))
                    && seen.panel("Purges").contains(&format!("queue: pack#{PACK}"))
                    && seen.panel("Why viewers see what they see").starts_with("purge pending")
            })
            .await?;
        let verdict = stale.panel("Why viewers see what they see").to_owned();
        self.page.check(self.run_dir, "operators-image-stale", &Theme::BOTH).await?;
        let token = self.cloud.token(&[TENANT], TOKEN_VALID_FOR)?;
        self.cloud.admin_api()?.delete(TENANT, PACK, Some(&token)).await?.succeeded()?;
        let viewer = self.cloud.tenant(TENANT)?.viewer;
        wait_for("the new image at the edge", EFFECTIVE_WITHIN, async || {
            let seen = viewer.fetch(PACK, LOCATION).await?;
            Ok(if seen.image.colour == Colour::Blue { Ok(()) } else { Err(seen.to_string()) })
        })
        .await?;
        let fresh = self
            .page
            .until("the image fresh in every layer", |seen| {
                let edge = seen.panel("Layers").lines().find(|line| line.starts_with("CloudFront"));
                seen.panel("Why viewers see what they see").starts_with("fresh")
                    && edge.is_some_and(|line| line.contains("current"))
            })
            .await?;
        let passed = self.page.check(self.run_dir, "operators-image-fresh", &Theme::BOTH).await?;
        Ok(format!("{verdict}\n{}\n{passed} rules hold", fresh.panel("Why viewers see what they see")))
    }

    async fn history(&self) -> Result<String, Cause> {
        self.page.open(&format!("#/history?tenant={TENANT}&pack={PACK}&since=1h")).await?;
        let seen = self
            .page
            .until("the purges of the pack, and none of another one", |seen| {
                let purges = seen.panel("Purges");
                let of_packs = purges.lines().filter(|line| line.contains("pack#"));
                purges.contains("manual") && of_packs.into_iter().all(|line| line.contains(&format!("pack#{PACK}")))
            })
            .await?;
        let passed = self.page.check(self.run_dir, "operators-history", &Theme::BOTH).await?;
        Ok(format!("{}\n{passed} rules hold", seen.panel("Purges")))
    }

    /// Step: a row of the queue, a row of the ledger and a registration that cannot be read. They are removed again.
    async fn unreadable(&self) -> Result<String, Cause> {
        let observer = self.cloud.observer()?;
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_millis();
        let started_at = AttributeValue::N(now.to_string());
        let (target, purge) = ("pack#no-row", "pack#no-row#0#final#none");
        let parameter = format!("/{ENVIRONMENT}-lof/images/tenants/broken");
        let dynamodb = &observer.clients.dynamodb;
        let row = dynamodb.put_item().table_name(&observer.queue_table).item("tenant", text(TENANT));
        row.item("target", text(target)).send().await?;
        let row = dynamodb.put_item().table_name(&observer.ledger_table).item("tenant", text(TENANT));
        row.item("purge", text(purge)).item("startedAt", started_at).send().await?;
        let registration = json!({"Name": parameter, "Value": "no registration", "Type": "String"});
        self.cloud.parts.root.json("ssm", "AmazonSSM.PutParameter", &registration).await?;
        self.page.open("").await?;
        let shown = self
            .page
            .until("the three records, beside everything else", |seen| {
                let queue = seen.panel("Queue and registry: records that cannot be read");
                let ledger = seen.panel("Ledger: records that cannot be read");
                seen.is_read()
                    && queue.contains(&format!("row {target} of {TENANT}"))
                    && queue.contains(&parameter)
                    && ledger.contains(&format!("row {purge} of {TENANT}"))
                    && seen.panel("Queue").contains(&format!("pack#{PACK}"))
                    && ["acme", "globex"].iter().all(|tenant| seen.panel("Tenants").contains(tenant))
                    && seen.panel("Write to fresh, last 24 hours").contains("changes were purged")
            })
            .await;
        let violations = self.page.check(self.run_dir, "operators-unreadable", &Theme::BOTH).await;
        let row = dynamodb.delete_item().table_name(&observer.queue_table).key("tenant", text(TENANT));
        row.key("target", text(target)).send().await?;
        let row = dynamodb.delete_item().table_name(&observer.ledger_table).key("tenant", text(TENANT));
        row.key("purge", text(purge)).send().await?;
        self.cloud.parts.root.json("ssm", "AmazonSSM.DeleteParameter", &json!({"Name": parameter})).await?;
        let shown = shown?;
        violations?;
        Ok(["Queue and registry", "Ledger"]
            .map(|of| shown.panel(&format!("{of}: records that cannot be read")))
            .join("\n"))
    }

    async fn phone(&self) -> Result<String, Cause> {
        self.page.resize(PHONE.0, PHONE.1).await?;
        let image = image_hash();
        let history = format!("#/history?tenant={TENANT}");
        let views = [("overview", "#/"), ("tenant", "#/tenants/acme"), ("image", &image), ("history", &history)];
        let mut widths = Vec::new();
        for (name, hash) in views {
            self.page.open(hash).await?;
            let seen = self.page.until("the view on a phone", Seen::is_read).await?;
            expect_eq(&format!("the width of {name}"), &seen.width, &PHONE.0)?;
            self.page.check(self.run_dir, &format!("operators-{name}-phone"), &[Theme::Dark]).await?;
            widths.push(format!("{name}: {} pixels", seen.width));
        }
        self.page.resize(DESK.0, DESK.1).await?;
        Ok(widths.join(", "))
    }

    async fn keys(&self) -> Result<String, Cause> {
        let page = self.page;
        page.open("").await?;
        page.until("the overview", Seen::is_read).await?;
        page.tab().await?;
        let skip = page.until("the focus on the first link", |seen| seen.focus == "Skip to the content").await?;
        expect_eq("whether the focus is visible", &(skip.outline != "none"), &true)?;
        page.enter().await?;
        page.until("the focus on the content", |seen| seen.focus == "view").await?;
        page.press("h").await?;
        page.until("the history, its title focused", |seen| seen.title == "History" && seen.focus == "title").await?;
        page.tab().await?;
        page.until("the focus on the tenant", |seen| seen.focus == "tenant").await?;
        page.press(TENANT).await?;
        page.tab().await?;
        page.press("h").await?;
        page.until("no shortcut while typing", |seen| seen.title == "History" && seen.focus == "pack").await?;
        page.press(&format!("{}{PACK}", char::from(fantoccini::key::Key::Backspace))).await?;
        page.enter().await?;
        page.until("the purges of the pack", |seen| seen.panel("Purges").contains(&format!("pack#{PACK}"))).await?;
        page.client.back().await?;
        page.until("the history without a filter", |seen| seen.title == "History" && seen.panel("Purges").is_empty())
            .await?;
        page.press("i").await?;
        page.until("the image's form", |seen| seen.title == "Image").await?;
        page.press("o").await?;
        page.until("the overview", |seen| seen.title == "Overview").await?;
        Ok("skip link, O, I, H, a form and Back".to_owned())
    }
}

/// The address of the image's view.
fn image_hash() -> String {
    format!("#/images/{TENANT}/{PACK}?location={LOCATION}")
}
