//! Who plays, and with which pictures.

use domain::image_pack::{Fit, LocationConfig};
use domain::{ImagePackId, InvalidIdentifier, LocationName};

use crate::editor::{Editor, Place};
use crate::local_cloud::{LocalCloud, Tenant};
use crate::observer::Observer;
use crate::report::Cause;
use crate::timeline::Timeline;

/// The location that every picture of the scenario is in.
pub(super) const LOCATION: &str = "main";
/// The pack that both tenants have, and whose original `acme` replaces.
pub(super) const EDITED: &str = "cat";
/// The pack of `acme` that an admin purges by hand.
pub(super) const PURGED_BY_HAND: &str = "dog";
/// The pack of `acme` that nobody touches.
pub(super) const UNTOUCHED: &str = "owl";
/// How many packs of `acme` the burst writes to.
pub(super) const BURST_PACKS: u32 = 20;
/// How often the burst writes to each of them.
pub(super) const BURST_WRITES_PER_PACK: u32 = 5;

/// How the variants of [`LOCATION`] are made.
pub(super) fn location_config() -> LocationConfig {
    LocationConfig { width: 640, height: 360, fit: Fit::Cover, ..LocationConfig::default() }
}

/// Everybody who takes part.
#[derive(Debug)]
pub(super) struct Cast<'a> {
    /// The tenant whose pictures are edited.
    pub(super) acme: Tenant,
    /// The tenant who must not notice.
    pub(super) globex: Tenant,
    /// Who edits.
    pub(super) editor: Editor,
    /// Who looks behind the scenes.
    pub(super) observer: Observer,
    /// Who writes down what happens.
    pub(super) timeline: &'a Timeline,
}

impl<'a> Cast<'a> {
    pub(super) fn of(cloud: &LocalCloud, timeline: &'a Timeline) -> Result<Self, Cause> {
        Ok(Self {
            acme: cloud.tenant("acme")?,
            globex: cloud.tenant("globex")?,
            editor: cloud.editor()?,
            observer: cloud.observer()?,
            timeline,
        })
    }
}

/// The place of a tenant's picture in [`LOCATION`].
pub(super) fn place(tenant: &Tenant, image_pack: &str) -> Result<Place, InvalidIdentifier> {
    Ok(Place {
        tenant: tenant.id.clone(),
        image_pack: ImagePackId::parse(image_pack)?,
        location: LocationName::parse(LOCATION)?,
    })
}

/// The packs that the burst writes to.
pub(super) fn burst_packs() -> impl Iterator<Item = String> {
    (1..=BURST_PACKS).map(|number| format!("burst{number:02}"))
}
