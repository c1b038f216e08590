//! Responses to CloudFront and their cache headers.

use std::time::Duration;

use lambda_http::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use lambda_http::{Body, Response};
use serde_json::json;

use crate::api_error::ApiError;
use crate::ports::StoredVariant;
use crate::variant_spec::VariantSpec;

/// For an error that the next request would get again, and for a request with a date: CloudFront absorbs a burst of
/// requests. Short, because not every event that ends the error (a new pack) is followed by a purge.
const BRIEFLY: &str = "public, max-age=0, stale-if-error=0, s-maxage=5";

/// For an error that the next request may not get, and for a response that may be outdated when it leaves.
const NEVER: &str = "no-store, stale-if-error=0";

/// CloudFront caches an image for as long as the environment allows, because a purge invalidates it. A browser
/// revalidates it with CloudFront each time, because no purge reaches a browser.
///
/// `stale-if-error=0` is in every response, an error too: CloudFront would otherwise serve an expired one when this
/// function fails, for up to the longest time that an edge may keep it.
fn until_purged(cached_max: Duration) -> String {
    format!("public, max-age=0, must-revalidate, stale-if-error=0, s-maxage={}", cached_max.as_secs())
}

/// The response header with the fingerprint of the image. Compared with the pack's current fingerprint, it shows
/// whether an image is current.
const FINGERPRINT: HeaderName = HeaderName::from_static(contract::headers::IMAGE_FINGERPRINT);

/// An image to respond with.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) variant: StoredVariant,
    pub(crate) spec: VariantSpec,
}

/// The time for which CloudFront may cache a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caching {
    /// Not at all: the read that it rests on is too old, and it could reach an edge after the purge of a change.
    Never,
    /// For a few seconds: an error, or the request has a date.
    Briefly,
    /// Until it is purged.
    UntilPurged,
}

/// Builds the response with an image.
///
/// It is always the whole image and never a 304: CloudFront is not documented to refresh cache tags on a 304.
pub(crate) fn image(
    Served { variant, spec }: Served,
    cache_tag_header: &HeaderName,
    caching: Caching,
    cached_max: Duration,
) -> Response<Body> {
    let mut response = Response::new(Body::from(variant.bytes));
    set(&mut response, CONTENT_TYPE, &variant.content_type);
    set(&mut response, ETAG, &variant.etag);
    match caching {
        Caching::UntilPurged => set(&mut response, CACHE_CONTROL, &until_purged(cached_max)),
        Caching::Briefly => set(&mut response, CACHE_CONTROL, BRIEFLY),
        Caching::Never => set(&mut response, CACHE_CONTROL, NEVER),
    }
    set(&mut response, cache_tag_header.clone(), &spec.cache_tags());
    set(&mut response, FINGERPRINT, &spec.fingerprint());
    response
}

/// Builds an error response in JSON. `cache_tags` are those of each target whose purge can change the response; `None`
/// if the request names no target. A 400 or 404 may be cached briefly unless `caching` is [`Caching::Never`].
pub(crate) fn error(
    api_error: &ApiError,
    cache_tag_header: &HeaderName,
    cache_tags: Option<&str>,
    caching: Caching,
) -> Response<Body> {
    let body = json!({"error": {"code": api_error.code(), "message": api_error.to_string()}});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = api_error.status();
    set(&mut response, CONTENT_TYPE, "application/json");
    match (api_error.status().as_u16(), caching) {
        (400 | 404, Caching::Briefly | Caching::UntilPurged) => set(&mut response, CACHE_CONTROL, BRIEFLY),
        _ => set(&mut response, CACHE_CONTROL, NEVER),
    }
    if let ApiError::MethodNotAllowed(_) = api_error {
        set(&mut response, ALLOW, "GET, HEAD");
    }
    if let Some(cache_tags) = cache_tags {
        set(&mut response, cache_tag_header.clone(), cache_tags);
    }
    response
}

/// Sets a header. No value is invalid: values are constants, identifiers (ASCII) and headers of S3's responses.
fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use domain::{ImagePackId, LocationName};
    use lambda_http::http::Method;

    use super::*;
    use crate::unrenderable::Unrenderable;

    const CACHE_TAG_HEADER: HeaderName = HeaderName::from_static("image-cache-tag");

    fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    /// Expects `cache_control` for a response that is current, and that no outdated one is cached.
    fn check_error(api_error: &ApiError, status: u16, cache_control: &str) {
        let response = |caching| error(api_error, &CACHE_TAG_HEADER, Some("acme/p1,acme"), caching);
        let outdated = response(Caching::Never);
        assert_eq!(header(&outdated, "cache-control"), Some(NEVER), "{api_error:?}");
        let response = response(Caching::Briefly);
        assert_eq!(response.status(), status, "{api_error:?}");
        assert_eq!(header(&response, "cache-control"), Some(cache_control), "{api_error:?}");
        assert_eq!(header(&response, "content-type"), Some("application/json"), "{api_error:?}");
        assert_eq!(header(&response, "image-cache-tag"), Some("acme/p1,acme"), "{api_error:?}");
        let body: serde_json::Value = serde_json::from_slice(response.body().as_ref()).unwrap();
        assert_eq!(body["error"]["code"], api_error.code());
        assert_eq!(body["error"]["message"], api_error.to_string());
    }

    #[test]
    fn a_lasting_error_is_cached_briefly_and_a_transient_one_never() {
        let location = LocationName::parse("main").unwrap();
        let (briefly, never) = ("public, max-age=0, stale-if-error=0, s-maxage=5", "no-store, stale-if-error=0");
        check_error(&ApiError::InvalidIdentifier(ImagePackId::parse("*").unwrap_err()), 400, briefly);
        check_error(&ApiError::SeveralLocations, 400, briefly);
        check_error(&ApiError::NotAnImageUrl, 404, briefly);
        check_error(&ApiError::UnknownPack, 404, briefly);
        check_error(&ApiError::NoMainLocation, 404, briefly);
        check_error(&ApiError::UnknownLocation(location.clone()), 404, briefly);
        check_error(&ApiError::MissingOriginal(location), 404, briefly);
        check_error(&ApiError::CannotRender(Unrenderable::original_too_large()), 404, briefly);
        check_error(&ApiError::NotThroughADistribution, 403, never);
        check_error(&ApiError::MethodNotAllowed(Method::POST), 405, never);
    }

    #[test]
    fn a_rejected_method_names_the_allowed_ones() {
        let error = error(&ApiError::MethodNotAllowed(Method::POST), &CACHE_TAG_HEADER, None, Caching::Briefly);
        assert_eq!(header(&error, "allow"), Some("GET, HEAD"));
        assert_eq!(header(&error, "image-cache-tag"), None);
    }
}
