//! Resolves a request to a variant and to the data that it is rendered from, by the current image-pack table.

use domain::image::fingerprint::{fingerprint, rendering_id};
use domain::image::image_pack::{ImageLocation, ImagePack, LocationConfig};
use domain::image::image_url::Reading;
use domain::image::variant_key::{marker_key, variant_key};
use domain::purge::cache_tag::header_value;
use domain::{ImagePackId, LocationName, TenantId};

use crate::Handler;
use crate::api_error::ApiError;
use crate::ports::{Found, Packs, Ports};
use crate::request::ImageRequest;

/// A variant and the image that it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ResolvedVariant {
    pub(crate) tenant: TenantId,
    reading: Reading,
    /// Every pack that the URL can mean, including the one that it means now.
    packs: Vec<ImagePackId>,
    pub(crate) location: LocationName,
    pub(crate) image: ImageLocation,
}

impl ResolvedVariant {
    /// The image pack whose image it shows.
    pub(crate) fn pack(&self) -> &ImagePackId {
        &self.reading.pack
    }

    /// The key under which the variant is stored.
    pub(crate) fn key(&self) -> String {
        variant_key(&self.tenant, &self.reading.pack, &self.location)
    }

    /// Whether the URL has a suffix.
    pub(crate) fn has_suffix(&self) -> bool {
        self.reading.suffix.is_some()
    }

    /// The cache tags of every purge that concerns the variant.
    pub(crate) fn cache_tags(&self) -> String {
        header_value(&self.tenant, &self.packs, &self.location)
    }
}

/// The input for rendering a variant.
#[derive(Debug, Clone)]
pub(crate) struct VariantSpec {
    pub(crate) resolved: ResolvedVariant,
    pub(crate) config: LocationConfig,
}

impl VariantSpec {
    /// The fingerprint of the variant.
    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.resolved.image, &self.config)
    }

    /// The key of the marker that the variant cannot be rendered.
    pub(crate) fn marker_key(&self) -> String {
        let ResolvedVariant { tenant, reading, location, image, .. } = &self.resolved;
        marker_key(tenant, &reading.pack, location, &rendering_id(image, &self.config))
    }

    /// Returns whether both result in the same variant. A configuration that was saved without force makes no
    /// difference: it does not change existing variants.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.resolved == other.resolved && self.config.generation == other.config.generation
    }
}

impl<P: Ports> Handler<P> {
    /// Resolves `request` by the current table. Returns the location's configuration too if the location is the
    /// requested or the `likely` one, which costs no second read.
    pub(crate) async fn resolve(
        &self,
        request: &ImageRequest,
        likely: Option<&LocationName>,
    ) -> Result<(ResolvedVariant, Option<LocationConfig>), ApiError> {
        let packs: Vec<_> = request.readings.iter().map(|reading| &reading.pack).collect();
        let expected = request.location.as_ref().or(likely);
        let locations: Vec<_> = expected.into_iter().collect();
        let mut found = self.ports.packs().find(&request.tenant, &packs, &locations).await?;
        let (reading, mut pack) = first_existing(request, &mut found)?;
        let location = request.location.clone().or(pack.main_image_location).ok_or(ApiError::NoMainLocation)?;
        let Some(image) = pack.image_locations.remove(&location) else {
            return Err(ApiError::UnknownLocation(location));
        };
        let config = if expected == Some(&location) { Some(found.location(&location)?) } else { None };
        let packs = request.readings.iter().map(|reading| reading.pack.clone()).collect();
        Ok((ResolvedVariant { tenant: request.tenant.clone(), reading, packs, location, image }, config))
    }

    /// Completes the result of [`Self::resolve`] with the location's configuration.
    pub(crate) async fn spec(
        &self,
        (resolved, config): (ResolvedVariant, Option<LocationConfig>),
    ) -> Result<VariantSpec, ApiError> {
        let ResolvedVariant { tenant, location, .. } = &resolved;
        let config = match config {
            Some(config) => config,
            None => self.ports.packs().find(tenant, &[], &[location]).await?.location(location)?,
        };
        Ok(VariantSpec { resolved, config })
    }

    /// Resolves `request` again, with the location of `before` as the likely one.
    pub(crate) async fn current_spec(
        &self,
        request: &ImageRequest,
        before: &VariantSpec,
    ) -> Result<VariantSpec, ApiError> {
        self.spec(self.resolve(request, Some(&before.resolved.location)).await?).await
    }
}

/// Returns the first reading whose pack exists.
fn first_existing(request: &ImageRequest, found: &mut Found) -> Result<(Reading, ImagePack), ApiError> {
    for reading in &request.readings {
        if let Some(pack) = found.pack(&reading.pack)? {
            return Ok((reading.clone(), pack));
        }
    }
    Err(ApiError::UnknownPack)
}
