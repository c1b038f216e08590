//! An edit with its expected effect on viewers.

use std::time::Instant;

use local_cloud::Tenant;
use local_cloud::cause::Cause;
use local_cloud::test_image::Colour;
use local_cloud::viewer::{Cache, Fetched};

use local_cloud::expectation::UnmetError;

/// The look of an image: its colour and its size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) colour: Colour,
    pub(super) size: (u32, u32),
}

/// An edit that a purge brings to viewers.
#[derive(Debug, Clone, Copy)]
pub(super) struct ObservedEdit {
    /// The kind of edit.
    pub(super) name: &'static str,
    /// `<imagePackId>[-<suffix>]`
    pub(super) image: &'static str,
    /// `None`: the URL names no location.
    pub(super) location: Option<&'static str>,
    pub(super) old: Look,
    pub(super) new: Look,
    pub(super) made_at: Instant,
}

impl ObservedEdit {
    /// Fetches the image and checks that it is the new one or, from the cache, the old one. `true`: the new one.
    pub(super) async fn look(&self, tenant: &Tenant) -> Result<(bool, Fetched), Cause> {
        let seen = tenant.viewer.fetch_at(self.image, self.location).await?;
        let look = Look { colour: seen.image.colour, size: (seen.image.width, seen.image.height) };
        if look == self.new || (look == self.old && seen.cache == Cache::Hit) {
            return Ok((look == self.new, seen));
        }
        let expected = format!("{}: a Hit of {:?} or {:?}", self.image, self.old, self.new);
        Err(UnmetError::new(expected, format!("{seen}, {look:?}")).into())
    }

    /// Checks that a viewer of `tenant` still gets the old image.
    pub(super) async fn expect_old(&self, tenant: &Tenant) -> Result<Fetched, Cause> {
        match self.look(tenant).await? {
            (false, seen) => Ok(seen),
            (true, seen) => Err(UnmetError::new(format!("{} to be old", self.image), seen.to_string()).into()),
        }
    }
}
