//! An edit whose effect on viewers is observed.

use std::time::Instant;

use local_cloud::Tenant;
use local_cloud::report::Cause;
use local_cloud::test_image::Colour;
use local_cloud::viewer::{Cache, Fetched};

use super::observation::Unmet;

/// What a viewer sees: the image's colour and its size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: Colour,
    pub(super) size: (u32, u32),
}

/// An edit that was made and that a purge brings to viewers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObservedEdit {
    /// What was edited.
    pub(super) name: &'static str,
    /// `<imagePackId>[-<suffix>]`
    pub(super) image: &'static str,
    /// `None`: the URL names no location.
    pub(super) location: Option<&'static str>,
    /// What the caches hold.
    pub(super) old: Look,
    /// What they should hold.
    pub(super) new: Look,
    /// When the edit was made.
    pub(super) made_at: Instant,
}

impl ObservedEdit {
    /// What a viewer of `tenant` gets now. Until the new image comes it must be the old one, from the cache.
    /// `true`: it is the new one.
    pub(super) async fn look(&self, tenant: &Tenant) -> Result<(bool, Fetched), Cause> {
        let seen = match self.location {
            Some(location) => tenant.viewer.fetch(self.image, location).await?,
            None => tenant.viewer.fetch_main(self.image).await?,
        };
        let look = Look { colour: seen.image.colour, size: (seen.image.width, seen.image.height) };
        if look == self.new || (look == self.old && seen.cache == Cache::Hit) {
            return Ok((look == self.new, seen));
        }
        let expected = format!("{}: a Hit of {:?} or {:?}", self.image, self.old, self.new);
        Err(Unmet::new(expected, format!("{seen}, {look:?}")).into())
    }

    /// Demands that a viewer of `tenant` still gets the old image.
    pub(super) async fn expect_old(&self, tenant: &Tenant) -> Result<Fetched, Cause> {
        match self.look(tenant).await? {
            (false, seen) => Ok(seen),
            (true, seen) => Err(Unmet::new(format!("{} to be old", self.image), seen.to_string()).into()),
        }
    }
}
