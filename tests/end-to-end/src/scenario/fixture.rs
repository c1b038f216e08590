//! The fixture of the scenario: tenants, editors, observer and packs.

use serde_json::{Value, json};

use local_cloud::cause::Cause;
use local_cloud::expectation::expect_seen;
use local_cloud::management::ManagementApi;
use local_cloud::observer::{Observer, queued_text};
use local_cloud::test_image::Colour;
use local_cloud::timeline::{Part, Timeline};
use local_cloud::viewer::Cache;
use local_cloud::{LocalCloud, Tenant};

/// The location that most images of the scenario are in, and the size of its variants in pixels.
pub(super) const LOCATION: &str = "main";
pub(super) const SIZE: (u32, u32) = (640, 360);
/// The location that becomes the main one of a pack; its variants have the same size.
pub(super) const OTHER_LOCATION: &str = "poster";
/// The location whose configuration changes, and the sizes of its variants before and after.
pub(super) const CONFIGURED_LOCATION: &str = "banner";
pub(super) const CONFIGURED_SIZE: (u32, u32) = (320, 180);
pub(super) const RECONFIGURED_SIZE: (u32, u32) = (200, 100);

/// The pack that both tenants have, and whose original `acme` replaces by an upload.
pub(super) const EDITED: &str = "cat";
/// The same pack under a suffix that a viewer has seen before the edit.
pub(super) const EDITED_SUFFIXED: &str = "cat-v1";
/// The pack of `acme` whose original is replaced by one that the management API fetches.
pub(super) const FETCHED: &str = "fox";
/// The pack of `acme` whose crop moves. Its original is red on the left, and blue on the right.
pub(super) const CROPPED: &str = "hen";
/// The pack of `acme` that gets another main location.
pub(super) const RELOCATED: &str = "elk";
/// The pack of `acme` whose image is in [`CONFIGURED_LOCATION`].
pub(super) const CONFIGURED: &str = "yak";
/// The pack of `acme` that an admin purges manually.
pub(super) const PURGED_MANUALLY: &str = "dog";
/// The pack of `acme` that stays as it is.
pub(super) const UNTOUCHED: &str = "owl";
/// The number of packs of `acme` that the burst writes to.
pub(super) const BURST_PACKS: u32 = 20;
/// The number of writes to each of them.
pub(super) const BURST_WRITES_PER_PACK: u32 = 5;

/// The edge location whose viewers the steps do not use otherwise.
pub(super) const OTHER_EDGE_LOCATION: usize = 1;

/// The fixture of the scenario.
#[derive(Debug)]
pub(super) struct Fixture<'a> {
    pub(super) cloud: &'a LocalCloud,
    /// The tenant whose images are edited.
    pub(super) acme: Tenant,
    /// The tenant whose images must not change.
    pub(super) globex: Tenant,
    pub(super) editor: ManagementApi,
    pub(super) globex_editor: ManagementApi,
    pub(super) observer: Observer,
    pub(super) timeline: &'a Timeline,
}

impl<'a> Fixture<'a> {
    pub(super) fn of(cloud: &'a LocalCloud, timeline: &'a Timeline) -> Result<Self, Cause> {
        Ok(Self {
            cloud,
            acme: cloud.tenant("acme")?,
            globex: cloud.tenant("globex")?,
            editor: cloud.management_api("acme")?,
            globex_editor: cloud.management_api("globex")?,
            observer: cloud.observer()?,
            timeline,
        })
    }

    /// Waits until the stream has queued `target` of acme, and adds that to the timeline.
    pub(super) async fn queued(&self, target: &str) -> Result<(), Cause> {
        let entry = self.observer.queued(&self.acme.id, target).await?;
        self.timeline.add_at(entry.last_event_at.as_millis(), Part::Stream, queued_text(&entry));
        Ok(())
    }

    /// The stored variants of a pack of acme: their keys, and the times at which they were stored, in milliseconds.
    pub(super) async fn variants(&self, pack: &str) -> Result<Vec<(String, i64)>, Cause> {
        let Observer { clients, variants_bucket, .. } = &self.observer;
        let list = clients.s3.list_objects_v2().bucket(variants_bucket).prefix(format!("{}/{pack}/", self.acme.id));
        let listed = list.send().await.map_err(aws_sdk_s3::Error::from)?.contents.unwrap_or_default().into_iter();
        let variants = listed.map(|object| {
            let stored_at = object.last_modified.map(aws_sdk_s3::primitives::DateTime::to_millis).transpose()?;
            Ok((object.key.unwrap_or_default(), stored_at.unwrap_or_default()))
        });
        variants.collect()
    }

    /// Checks that acme/owl and globex/cat, which no edit concerns, are still in the cache.
    pub(super) async fn expect_bystanders(&self) -> Result<(), Cause> {
        let other_tenant = self.globex.viewer.fetch(EDITED, LOCATION).await?;
        expect_seen("globex/cat", &other_tenant, Cache::Hit, Colour::Green)?;
        let other_pack = self.acme.viewer.fetch(UNTOUCHED, LOCATION).await?;
        Ok(expect_seen("acme/owl", &other_pack, Cache::Hit, Colour::Green)?)
    }
}

/// A location's configuration, as the management API takes it.
pub(super) fn location_config((width, height): (u32, u32)) -> Value {
    json!({"width": width, "height": height, "fit": "cover"})
}

/// The packs that the burst writes to.
pub(super) fn burst_packs() -> impl Iterator<Item = String> {
    (1..=BURST_PACKS).map(|number| format!("burst{number:02}"))
}
