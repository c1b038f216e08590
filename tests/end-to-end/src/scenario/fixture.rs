//! The fixture of the scenario: tenants, editors, observer and packs.

use serde_json::{Value, json};

use local_cloud::management::ManagementApi;
use local_cloud::observer::Observer;
use local_cloud::report::Cause;
use local_cloud::timeline::Timeline;
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
pub(super) const TURNED: &str = "elk";
/// The pack of `acme` whose image is in [`CONFIGURED_LOCATION`].
pub(super) const CONFIGURED: &str = "yak";
/// The pack of `acme` that an admin purges by hand.
pub(super) const PURGED_BY_HAND: &str = "dog";
/// The pack of `acme` that nobody touches.
pub(super) const UNTOUCHED: &str = "owl";
/// How many packs of `acme` the burst writes to.
pub(super) const BURST_PACKS: u32 = 20;
/// How often the burst writes to each of them.
pub(super) const BURST_WRITES_PER_PACK: u32 = 5;

/// The fixture of the scenario: who takes part in it.
#[derive(Debug)]
pub(super) struct Fixture<'a> {
    /// The tenant whose images are edited.
    pub(super) acme: Tenant,
    /// The tenant who must not notice.
    pub(super) globex: Tenant,
    /// Who edits the images of `acme`.
    pub(super) editor: ManagementApi,
    /// Who edits the images of `globex`.
    pub(super) globex_editor: ManagementApi,
    /// Who looks behind the scenes.
    pub(super) observer: Observer,
    /// Who writes down what happens.
    pub(super) timeline: &'a Timeline,
}

impl<'a> Fixture<'a> {
    pub(super) fn of(cloud: &LocalCloud, timeline: &'a Timeline) -> Result<Self, Cause> {
        Ok(Self {
            acme: cloud.tenant("acme")?,
            globex: cloud.tenant("globex")?,
            editor: cloud.management_api("acme")?,
            globex_editor: cloud.management_api("globex")?,
            observer: cloud.observer()?,
            timeline,
        })
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
