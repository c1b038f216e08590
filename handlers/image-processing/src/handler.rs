//! Answers one request: the stored variant, or a new one.

use aws_adapters::image_pack_table::{Found, ImagePackTable};
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::variants_bucket::{Variant, VariantsBucket};
use domain::cache_tag::header_value;
use domain::image_pack::{ImageLocation, LocationConfig};
use domain::image_url::Reading;
use domain::variant_key::variant_key;
use domain::{LocationName, TenantId};
use lambda_http::http::Method;
use lambda_http::http::header::HeaderName;
use lambda_http::{Body, Request, Response};
use picture::render;

use crate::refusal::Refusal;
use crate::request::ImageRequest;
use crate::response;

/// What answering a request touches.
#[derive(Debug, Clone)]
pub struct Handler {
    /// Says what a pack shows at which location.
    pub packs: ImagePackTable,
    /// What variants are made from.
    pub originals: OriginalsBucket,
    /// Asked first; filled when it has nothing.
    pub variants: VariantsBucket,
    /// The response header that CloudFront reads cache tags from.
    pub cache_tag_header: HeaderName,
}

/// What a request means, once the table has said which packs exist.
struct Meaning {
    reading: Reading,
    location: LocationName,
    picture: ImageLocation,
    /// Read with the pack if the request names the location; `None`: not read yet.
    config: Option<LocationConfig>,
}

impl Handler {
    /// Answers one request.
    pub async fn handle(&self, request: &Request) -> Response<Body> {
        let mut response = match ImageRequest::parse(request) {
            Ok(asked) => self.answer(&asked).await,
            Err(refusal) => response::error(&refusal, &self.cache_tag_header, None),
        };
        if request.method() == Method::HEAD {
            *response.body_mut() = Body::Empty;
        }
        response
    }

    async fn answer(&self, asked: &ImageRequest) -> Response<Body> {
        match self.picture(asked).await {
            Ok((variant, cache_tags)) => response::picture(variant, &self.cache_tag_header, &cache_tags),
            Err(refusal) => {
                if refusal.status().is_server_error() {
                    tracing::error!(?refusal, ?asked, "a picture cannot be served");
                } else {
                    tracing::info!(?refusal, ?asked, "there is no picture to serve");
                }
                response::error(&refusal, &self.cache_tag_header, Some(&asked.cache_tags()))
            }
        }
    }

    /// The picture that is asked for, with its cache tags.
    async fn picture(&self, asked: &ImageRequest) -> Result<(Variant, String), Refusal> {
        let tenant = &asked.tenant;
        let meaning = self.meaning(asked).await?;
        let Meaning { reading, location, .. } = &meaning;
        let cache_tags = header_value(tenant, &reading.pack, location);
        let key = variant_key(tenant, &reading.pack, location, reading.suffix.as_ref());
        let stored = self.variants.read(&key).await?;
        tracing::info!(key, is_stored = stored.is_some(), "serving a variant");
        let variant = match stored {
            Some(variant) => variant,
            None => self.make(tenant, &meaning, &key, &cache_tags).await?,
        };
        Ok((variant, cache_tags))
    }

    async fn meaning(&self, asked: &ImageRequest) -> Result<Meaning, Refusal> {
        let packs: Vec<_> = asked.readings.iter().map(|reading| &reading.pack).collect();
        let locations: Vec<_> = asked.location.iter().collect();
        let Found { mut packs, mut locations } = self.packs.find(&asked.tenant, &packs, &locations).await?;
        let (reading, mut pack) = asked
            .readings
            .iter()
            .find_map(|reading| Some((reading.clone(), packs.remove(&reading.pack)?)))
            .ok_or(Refusal::UnknownPack)?;
        let location = asked.location.clone().or(pack.main_image_location).ok_or(Refusal::NoMainLocation)?;
        let Some(picture) = pack.image_locations.remove(&location) else {
            return Err(Refusal::UnknownLocation(location));
        };
        let config = asked.location.is_some().then(|| locations.remove(&location).unwrap_or_default());
        Ok(Meaning { reading, location, picture, config })
    }

    /// Makes a variant from its original and stores it.
    async fn make(
        &self,
        tenant: &TenantId,
        meaning: &Meaning,
        key: &str,
        cache_tags: &str,
    ) -> Result<Variant, Refusal> {
        let Meaning { location, picture, .. } = meaning;
        let config = match meaning.config {
            Some(config) => config,
            None => self.packs.find(tenant, &[], &[location]).await?.locations.remove(location).unwrap_or_default(),
        };
        let original = self.originals.read(&picture.original).await?;
        let original = original.ok_or_else(|| Refusal::MissingOriginal(location.clone()))?;
        // Lambda sends one request at a time to an instance, so nobody waits while this thread computes.
        let rendered = render(&original, picture.crop, config)?;
        let etag = self.variants.store(key, rendered.bytes.clone(), rendered.content_type, cache_tags).await?;
        Ok(Variant {
            bytes: rendered.bytes,
            content_type: rendered.content_type.to_owned(),
            cache_tags: cache_tags.to_owned(),
            etag,
        })
    }
}
