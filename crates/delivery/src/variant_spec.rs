//! The specification of the variant that a request means, by the current image-pack table.

use std::time::Duration;

use domain::image::fingerprint::{fingerprint, rendering_id};
use domain::image::image_pack::{ImageLocation, ImagePack, LocationConfig};
use domain::image::variant_key::{marker_key, variant_key};
use domain::purge::cache_tag::header_value;
use domain::{ImagePackId, LocationName, TenantId};
use purging::ports::Clock;

use crate::Handler;
use crate::api_error::ApiError;
use crate::ports::{Found, Packs, Ports};
use crate::request::ImageRequest;

/// A variant and everything that it is rendered from.
#[derive(Debug, Clone)]
pub(crate) struct VariantSpec {
    pub(crate) tenant: TenantId,
    /// The image pack whose image it shows.
    pub(crate) pack: ImagePackId,
    /// Every pack that the URL can mean, including the one that it means now.
    packs: Vec<ImagePackId>,
    pub(crate) location: LocationName,
    pub(crate) image: ImageLocation,
    pub(crate) config: LocationConfig,
}

impl VariantSpec {
    /// The fingerprint of the variant.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.image, &self.config)
    }

    /// The key under which the variant is stored.
    pub(crate) fn key(&self) -> String {
        variant_key(&self.tenant, &self.pack, &self.location, &self.fingerprint())
    }

    /// The key of the marker that the variant cannot be rendered.
    pub(crate) fn marker_key(&self) -> String {
        marker_key(&self.tenant, &self.pack, &self.location, &rendering_id(&self.image, &self.config))
    }

    /// The cache tags of every purge that concerns the variant.
    pub(crate) fn cache_tags(&self) -> String {
        header_value(&self.tenant, &self.packs, Some(&self.location))
    }
}

impl<P: Ports> Handler<P> {
    /// Reads, strongly consistent, the variant that `request` means. `rests_on` becomes the monotonic time before the
    /// read. The configuration of the requested location, or else of the `likely` one, costs no second read.
    pub(crate) async fn read_spec(
        &self,
        request: &ImageRequest,
        likely: Option<&LocationName>,
        rests_on: &mut Option<Duration>,
    ) -> Result<VariantSpec, ApiError> {
        *rests_on = Some(self.ports.clock().monotonic());
        let packs: Vec<_> = request.readings.iter().map(|reading| &reading.pack).collect();
        let expected: Vec<_> = request.location.as_ref().or(likely).into_iter().collect();
        let mut found = self.ports.packs().find(&request.tenant, &packs, &expected).await?;
        let (pack, images) = first_existing(&packs, &mut found)?;
        // Without `..`: a new field of a pack does not compile until it is decided whether its variants are rendered from
        // it. Then it is a field of the specification, and an argument of the fingerprint.
        let ImagePack { mut image_locations, main_image_location } = images;
        let location = request.location.clone().or(main_image_location).ok_or(ApiError::NoMainLocation)?;
        let Some(image) = image_locations.remove(&location) else {
            return Err(ApiError::UnknownLocation(location));
        };
        if !expected.contains(&&location) {
            found = self.ports.packs().find(&request.tenant, &[], &[&location]).await?;
        }
        let config = found.location(&location)?;
        let packs = packs.into_iter().cloned().collect();
        Ok(VariantSpec { tenant: request.tenant.clone(), pack, packs, location, image, config })
    }
}

/// Returns the first of `packs` that exists.
fn first_existing(packs: &[&ImagePackId], found: &mut Found) -> Result<(ImagePackId, ImagePack), ApiError> {
    for id in packs {
        if let Some(pack) = found.pack(id)? {
            return Ok(((*id).clone(), pack));
        }
    }
    Err(ApiError::UnknownPack)
}
