//! The tour: an editor replaces an image, and the deployed pipeline brings the new one to viewers; at first woken by the
//! change, then, deployed once more, by the schedule only.
//!
//! It calls the APIs of editors, admins and viewers only. The deployed stream mapping fills the queue and wakes the purge
//! run. `tests/end-to-end` has the full scenario.

use std::time::{Duration, Instant, SystemTime};

use reqwest::StatusCode;
use serde_json::{Value, json};

use local_cloud::admin::AdminApi;
use local_cloud::cause::Cause;
use local_cloud::cdk::Cdk;
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};
use local_cloud::management::ManagementApi;
use local_cloud::observer::{Observer, described, queued_text};
use local_cloud::report::{Report, StepError, millis};
use local_cloud::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph};
use local_cloud::timeline::{Part, Timeline};
use local_cloud::viewer::Cache;
use local_cloud::{LocalCloud, Tenant};

const LOCATION: &str = "main";
const SIZE: (u32, u32) = (640, 360);
/// The pack of both tenants, which acme's editor replaces.
const REPLACED: &str = "cat";
/// The pack of acme that an admin purges.
const PURGED: &str = "dog";
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The pause after which an age, in whole seconds, has grown.
const AGEING: Duration = Duration::from_millis(1_100);
/// The time limit from CloudFront's acceptance of an invalidation to a viewer. The emulator takes at most 7 seconds, and
/// half a second for 95 of 100.
const EFFECTIVE_WITHIN: Duration = Duration::from_secs(10);
/// The time limit for a purge run. One of the schedule is due every minute, and the local AWS checks every ten seconds.
const PURGED_WITHIN: Duration = Duration::from_secs(150);

/// The clients of the tour.
struct Tour<'a> {
    acme: Tenant,
    globex: Tenant,
    editors: [ManagementApi; 2],
    admin: AdminApi,
    token: String,
    observer: Observer,
    timeline: &'a Timeline,
    report: &'a Report,
}

/// Plays the tour to its end or to the first step that does not hold. `began` is the time at which `make run` began.
pub(crate) async fn play(
    cloud: &LocalCloud,
    cdk: &Cdk<'_>,
    report: &Report,
    timeline: &Timeline,
    began: Option<SystemTime>,
) -> Result<(), StepError> {
    let open = async { Ok((Tour::of(cloud, report, timeline)?, String::new())) };
    let tour = &report.step("the outputs of the stacks are read", open).await?;
    report.check("two tenants upload an image with the same pack id", tour.upload()).await?;
    report.check("the first request is a Miss, the next ones are Hits of growing Age", tour.first_views()).await?;
    let name = "acme replaces its image: viewers still get the old one";
    let written_at = report.step(name, tour.replace(Colour::Red, Colour::Blue)).await?;
    report.check("the stream queues the change, and nothing else", tour.queued()).await?;
    report.check("GET reports the pending purge, why it waits and until when", tour.status()).await?;
    let name = "a purge run is woken and brings the new image to viewers within seconds";
    let fresh_ms = report.step(name, tour.until_fresh(written_at, Colour::Blue, "waiting for the purge")).await?;
    report.measure(|measured| measured.write_to_fresh_ms = Some(fresh_ms));
    if let Some(waited) = began.and_then(|began| began.elapsed().ok()) {
        report.progress.print(&first_fresh_text(waited));
    }
    report.check("a new suffix shows the new image without a new variant", tour.new_suffix()).await?;
    report.check("DELETE purges another image at once", tour.delete()).await?;
    report.check("the final purges follow after the settle delay", tour.until_final()).await?;

    let name = "the pipeline is deployed without wake-ups";
    report.check(name, cloud.deploy_without_wake_ups(cdk, |line| report.progress.note(line))).await?;
    let name = "acme replaces its image again: viewers still get the old one";
    let written_at = report.step(name, tour.replace(Colour::Blue, Colour::Amber)).await?;
    let name = "the scheduled purge run brings the new image to viewers";
    report.step(name, tour.until_fresh(written_at, Colour::Amber, "waiting for the schedule")).await?;
    report.check("no other image and no other tenant was purged", tour.bystanders()).await
}

impl<'a> Tour<'a> {
    fn of(cloud: &LocalCloud, report: &'a Report, timeline: &'a Timeline) -> Result<Self, Cause> {
        Ok(Self {
            acme: cloud.tenant("acme")?,
            globex: cloud.tenant("globex")?,
            editors: [cloud.management_api("acme")?, cloud.management_api("globex")?],
            admin: cloud.admin_api()?,
            token: cloud.token(&["acme"], TOKEN_VALID_FOR)?,
            observer: cloud.observer()?,
            timeline,
            report,
        })
    }

    async fn upload(&self) -> Result<String, Cause> {
        let [acme, globex] = &self.editors;
        for (editor, packs) in [
            (acme, [(REPLACED, Colour::Red), (PURGED, Colour::Amber)].as_slice()),
            (globex, &[(REPLACED, Colour::Green)]),
        ] {
            editor.set_location_size(LOCATION, SIZE).await?;
            for (pack, colour) in packs {
                let original = photograph(*colour, ORIGINAL_SIZE, Encoding::Jpeg, 1)?;
                editor.create_image(pack, LOCATION, original, Encoding::Jpeg.content_type()).await?;
            }
        }
        let text = "uploaded a red acme/cat, an amber acme/dog and a green globex/cat";
        self.timeline.add(Part::Editor, text);
        Ok(text.to_owned())
    }

    async fn first_views(&self) -> Result<String, Cause> {
        let mut details = Vec::new();
        for (tenant, pack, colour) in self.images() {
            let name = format!("{}/{pack}", tenant.id);
            let first = tenant.viewer.fetch(pack, LOCATION).await?;
            expect_seen(&name, &first, Cache::Miss, colour)?;
            expect_eq("the variant's size", &(first.image.width, first.image.height), &SIZE)?;
            tokio::time::sleep(AGEING).await;
            let second = tenant.viewer.fetch(pack, LOCATION).await?;
            expect_seen(&name, &second, Cache::Hit, colour)?;
            expect_eq("whether the Age has grown", &(second.age_secs > first.age_secs), &true)?;
            self.timeline.add(Part::Viewer, format!("{name}: {first}; then {second}"));
            details.push(format!("{name}: {first}; then {second}"));
        }
        Ok(details.join("\n"))
    }

    /// Replaces the original, which is `old`, by one of the colour `new`.
    async fn replace(&self, old: Colour, new: Colour) -> Result<(Instant, String), Cause> {
        let original = photograph(new, ORIGINAL_SIZE, Encoding::Jpeg, 1)?;
        // The last purge has emptied the caches.
        self.acme.viewer.fetch(REPLACED, LOCATION).await?;
        let written_at = Instant::now();
        let [editor, _] = &self.editors;
        let media_type = Encoding::Jpeg.content_type();
        editor.upload_original(REPLACED, LOCATION, original, media_type).await?.succeeded()?;
        self.timeline.add(Part::Editor, format!("replaced the original of acme/cat: it is {new} now"));
        let seen = self.acme.viewer.fetch(REPLACED, LOCATION).await?;
        expect_seen("acme/cat", &seen, Cache::Hit, old)?;
        self.timeline.add(Part::Viewer, format!("acme/cat: {seen}, still the old image"));
        Ok((written_at, format!("acme/cat: {seen}")))
    }

    async fn queued(&self) -> Result<String, Cause> {
        let entry = self.observer.queued(&self.acme.id, "pack#cat").await?;
        expect_eq("the number of queue entries", &self.observer.queue().await?.len(), &1)?;
        let text = queued_text(&entry);
        self.timeline.add_at(entry.last_event_at.as_millis(), Part::Stream, text.as_str());
        Ok(text)
    }

    async fn new_suffix(&self) -> Result<String, Cause> {
        let new = self.acme.viewer.fetch("cat-v2", LOCATION).await?;
        expect_seen("acme/cat-v2", &new, Cache::Miss, Colour::Blue)?;
        self.timeline.add(Part::Viewer, format!("acme/cat-v2: {new}"));
        Ok(format!("acme/cat-v2: {new}"))
    }

    async fn status(&self) -> Result<String, Cause> {
        let body = self.purge_status().await?;
        let pending = &body["pending"][0];
        expect_eq("the pending target of acme/cat", &pending["target"], &json!("pack#cat"))?;
        Ok(format!("{}\nwaits for {}, until {}", verdict(&body), pending["waitsFor"], pending["waitsUntil"]))
    }

    async fn delete(&self) -> Result<String, Cause> {
        let response = self.admin.delete("acme", PURGED, Some(&self.token)).await?;
        self.timeline.add(Part::AdminApi, format!("DELETE acme/dog: {response}"));
        expect_eq("the response to DELETE", &response.status, &StatusCode::ACCEPTED)?;
        expect_eq("the purged items", &response.body["invalidation"]["items"], &json!(["#acme/dog"]))?;
        let fresh = wait_for("a Miss of acme/dog", EFFECTIVE_WITHIN, async || {
            let seen = self.acme.viewer.fetch(PURGED, LOCATION).await?;
            Ok(if seen.cache == Cache::Miss { Ok(seen) } else { Err(seen.to_string()) })
        })
        .await?;
        expect_seen("acme/dog", &fresh, Cache::Miss, Colour::Amber)?;
        self.timeline.add(Part::Viewer, format!("acme/dog: {fresh}, rendered again"));
        Ok(format!("{response}; acme/dog: {fresh}"))
    }

    /// Waits until a viewer gets the image of `colour`. Returns the time since the write in milliseconds.
    async fn until_fresh(&self, written_at: Instant, colour: Colour, waiting: &str) -> Result<(u64, String), Cause> {
        let fresh = wait_for(&format!("a {colour} acme/cat"), PURGED_WITHIN, async || {
            self.report.progress.note(&format!("{waiting}, {} s after the change", written_at.elapsed().as_secs()));
            let seen = self.acme.viewer.fetch(REPLACED, LOCATION).await?;
            Ok(if seen.image.colour == colour { Ok(seen) } else { Err(seen.to_string()) })
        })
        .await?;
        expect_seen("acme/cat", &fresh, Cache::Miss, colour)?;
        let ms = millis(written_at.elapsed());
        self.timeline.add(Part::Viewer, format!("acme/cat: {fresh}, the new image"));
        let verdict = verdict(&self.purge_status().await?);
        Ok((ms, format!("acme/cat: {fresh}, {ms} ms after the change\n{verdict}")))
    }

    async fn until_final(&self) -> Result<String, Cause> {
        wait_for("an empty queue", PURGED_WITHIN, async || {
            let queue = self.observer.queue().await?;
            Ok(if queue.is_empty() { Ok(()) } else { Err(described(&queue)) })
        })
        .await?;
        let invalidations = self.observer.invalidations(&self.acme.distribution).await?;
        for one in &invalidations {
            let text = format!("accepts invalidation {} of {}", one.id, one.items.join(", "));
            self.timeline.add_at(one.created_at_ms, Part::Emulator, text);
        }
        let mut rows = self.observer.ledger().await?;
        rows.sort_by_key(|row| row.started_at);
        for row in &rows {
            let kind = if row.is_final { "finally" } else { "early" };
            self.timeline.add_at(row.started_at.as_millis(), Part::PurgeRun, format!("purges {} {kind}", row.target));
        }
        let replaced: Vec<_> = rows.iter().filter(|row| row.target.to_string() == "pack#cat").collect();
        let kinds: Vec<_> = replaced.iter().map(|row| row.is_final).collect();
        expect_eq("whether each purge of acme/cat is the final one", &kinds, &vec![false, true])?;
        let written_at = replaced[0].cause.first_event_at;
        let completed = replaced.iter().filter_map(|row| row.completed_at);
        let completed: Vec<_> = completed.map(|at| format!("{} ms", millis(at.since(written_at)))).collect();
        Ok(format!("the ledger of acme/cat: purges completed {} after the write", completed.join(" and ")))
    }

    async fn bystanders(&self) -> Result<String, Cause> {
        let seen = self.globex.viewer.fetch(REPLACED, LOCATION).await?;
        expect_seen("globex/cat", &seen, Cache::Hit, Colour::Green)?;
        expect_eq("globex's invalidations", &self.observer.invalidations(&self.globex.distribution).await?, &vec![])?;
        let invalidations = self.observer.invalidations(&self.acme.distribution).await?;
        let others = invalidations
            .iter()
            .flat_map(|one| &one.items)
            .find(|item| !["#acme/cat", "#acme/dog"].contains(&item.as_str()));
        expect_eq("other items of acme", &others, &None)?;
        expect_eq("the dead letters", &self.observer.dead_letters().await?, &0)?;
        Ok(format!("globex/cat: {seen}; {} invalidations of acme, none of globex", invalidations.len()))
    }

    fn images(&self) -> [(&Tenant, &'static str, Colour); 3] {
        [
            (&self.acme, REPLACED, Colour::Red),
            (&self.acme, PURGED, Colour::Amber),
            (&self.globex, REPLACED, Colour::Green),
        ]
    }

    async fn purge_status(&self) -> Result<Value, Cause> {
        let body = self.admin.purge_status("acme", REPLACED, &self.token).await?.succeeded()?.body;
        self.timeline.add(Part::AdminApi, format!("GET acme/cat: {}", verdict(&body)));
        Ok(body)
    }
}

fn first_fresh_text(waited: Duration) -> String {
    let (minutes, seconds) = (waited.as_secs() / 60, waited.as_secs() % 60);
    format!("  The first fresh image: {minutes} min {seconds} s after `make run` began, set-up and build included.")
}

fn verdict(body: &Value) -> String {
    body["verdict"].as_str().unwrap_or_default().to_owned()
}
