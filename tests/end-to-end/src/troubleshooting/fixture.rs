//! The images of the steps, and how the steps edit them and run the commands.

use std::time::{Duration, Instant};

use local_cloud::cause::Cause;
use local_cloud::expectation::wait_for;
use local_cloud::management::ManagementApi;
use local_cloud::observer::Observer;
use local_cloud::test_image::{Colour, Encoding, photograph};
use local_cloud::{LocalCloud, Tenant};
use recovery::Installation;

use super::Printed;
use crate::defects;
use crate::faults::purge_runs::PurgeRuns;
use crate::function::{ExecutionRole, Function, Grant};
use crate::imagecache;
use crate::switches;
use crate::verification::installation;

/// The tenant whose images are edited.
pub(super) const TENANT: &str = "acme";
/// The location of the images, and the one whose configuration changes.
pub(super) const LOCATION: &str = "main";
pub(super) const CONFIGURED: &str = "teaser";
/// The packs, each of the step that its name tells. All are red at first.
const PACKS: [&str; 9] =
    ["waiting", "shared", "retitled", "throttled", "ungranted", "rejected", "untagged", "misrouted", "undelivered"];
/// The pack with an image in [`CONFIGURED`].
pub(super) const RESIZED: &str = "resized";

/// The time for the purge of an edit.
pub(super) const PURGED_WITHIN: Duration = Duration::from_secs(90);
/// The age at which a write is later than a rendering in spite of clocks and rounding.
const LATER: Duration = Duration::from_secs(4);
/// The time in which a purge run ends that finds nothing to do.
const PURGE_RUN_ENDS_WITHIN: Duration = Duration::from_secs(4);
/// The name of the policy that denies wake-ups.
const DENIAL: &str = "no-wake-ups";

/// The images, and the means of the steps.
pub(super) struct Fixture<'a> {
    pub(super) cloud: &'a LocalCloud,
    pub(super) installation: Installation,
    pub(super) editor: ManagementApi,
    pub(super) tenant: Tenant,
    pub(super) observer: Observer,
    pub(super) purge_runs: PurgeRuns,
    /// The time at which the images were rendered.
    pub(super) rendered_at: Instant,
}

impl<'a> Fixture<'a> {
    /// Creates the images and looks at each.
    pub(super) async fn open(cloud: &'a LocalCloud) -> Result<Self, Cause> {
        let installation = installation(cloud).await?;
        defects::subscribe(cloud, &installation).await?;
        let (editor, tenant) = (cloud.management_api(TENANT)?, cloud.tenant(TENANT)?);
        editor.set_location_size(CONFIGURED, (160, 90)).await?;
        for (pack, location) in PACKS.iter().map(|pack| (*pack, LOCATION)).chain([(RESIZED, CONFIGURED)]) {
            editor.create_image(pack, location, image(Colour::Red)?, Encoding::Jpeg.content_type()).await?;
            tenant.viewer.fetch(pack, location).await?;
        }
        let (observer, purge_runs) = (cloud.observer()?, PurgeRuns::of(cloud).await?);
        purge_runs.until_empty(PURGED_WITHIN, |_| {}).await?;
        Ok(Self { cloud, installation, editor, tenant, observer, purge_runs, rendered_at: Instant::now() })
    }

    /// The doctor with `options`, when nothing is wrong.
    pub(super) async fn healthy(&self, options: &[&str], found: &str) -> Result<String, Cause> {
        let emulator = self.emulator();
        let arguments = [&["doctor", TENANT, "--viewer-endpoint", &emulator], options].concat();
        Ok(self.run(&arguments).await?.expect(true, &[found, " 0 failed"])?.text)
    }

    /// Replaces the original of a pack.
    pub(super) async fn edit(&self, pack: &str, colour: Colour) -> Result<(), Cause> {
        let content_type = Encoding::Jpeg.content_type();
        self.editor.upload_original(pack, LOCATION, image(colour)?, content_type).await?.succeeded().map(drop)
    }

    /// Purges what waits until viewers see the image and the queue is empty.
    pub(super) async fn until_fresh(&self, pack: &str, colour: Colour) -> Result<(), Cause> {
        wait_for(&format!("{pack} in {colour}, purged"), PURGED_WITHIN, async || {
            self.purge_runs.once().await?;
            let seen = self.tenant.viewer.fetch(pack, LOCATION).await?;
            Ok(if seen.image.colour == colour { Ok(()) } else { Err(seen.to_string()) })
        })
        .await?;
        self.purge_runs.until_empty(PURGED_WITHIN, |_| {}).await.map(drop)
    }

    pub(super) async fn stop_purge_runs(&self) -> Result<(), Cause> {
        switches::schedule(self.cloud, &self.installation, false).await?;
        self.waking_role().await?.grant(&Grant::denial(DENIAL, "lambda:InvokeFunction")).await?;
        self.purge_runs.until_emptied(PURGED_WITHIN).await?;
        // One that is at work ends within a second or two.
        tokio::time::sleep(PURGE_RUN_ENDS_WITHIN).await;
        Ok(())
    }

    /// The role that wakes purge runs after an edit.
    async fn waking_role(&self) -> Result<ExecutionRole<'a>, Cause> {
        ExecutionRole::find(self.cloud, Function::ImagePacksStream).await
    }

    /// Waits until a write is later than the images in spite of clocks and rounding.
    pub(super) async fn after_rendering(&self) {
        tokio::time::sleep(LATER.saturating_sub(self.rendered_at.elapsed())).await;
    }

    pub(super) async fn why(&self, image: &str, is_success: bool) -> Result<Printed, Cause> {
        self.printed("why", &[&self.url(image, LOCATION)], is_success).await
    }

    pub(super) async fn doctor(&self) -> Result<Printed, Cause> {
        self.printed("doctor", &[TENANT], false).await
    }

    pub(super) async fn printed(
        &self,
        command: &'static str,
        arguments: &[&str],
        is_success: bool,
    ) -> Result<Printed, Cause> {
        let emulator = self.emulator();
        let arguments = [&[command], arguments, &["--viewer-endpoint", &emulator]].concat();
        Ok(Printed(vec![(command, self.run(&arguments).await?.expect(is_success, &[])?.text)]))
    }

    pub(super) async fn run(&self, arguments: &[&str]) -> Result<imagecache::Ended, Cause> {
        imagecache::run(self.cloud, arguments).await
    }

    pub(super) fn emulator(&self) -> String {
        self.cloud.parts.emulator.endpoint_url()
    }

    pub(super) fn host(&self) -> String {
        format!("{TENANT}.{}", self.installation.viewer_domain)
    }

    /// The URL of an image, as viewers know it.
    pub(super) fn url(&self, image: &str, location: &str) -> String {
        format!("https://{}/api/v2/img/{image}?location={location}", self.host())
    }

    /// Starts the schedule and wake-ups again.
    pub(super) async fn start_purge_runs(&self) -> Result<(), Cause> {
        self.waking_role().await?.revoke(DENIAL).await?;
        switches::schedule(self.cloud, &self.installation, true).await
    }
}

fn image(colour: Colour) -> Result<Vec<u8>, Cause> {
    photograph(colour, (320, 180), Encoding::Jpeg, 1)
}
