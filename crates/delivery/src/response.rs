//! Responses to CloudFront and their cache headers.

use std::time::Duration;

use lambda_http::http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use lambda_http::{Body, Response};
use serde_json::json;

use crate::api_error::ApiError;
use crate::rendering::{Caching, Served};

/// For an error that the next request would get again, for an image that changes too fast to be stored, and for a request
/// with a date: CloudFront absorbs a burst of requests. Short, because not every event that ends the error (a new pack)
/// is followed by a purge.
const BRIEFLY: &str = "public, max-age=0, stale-if-error=0, s-maxage=5";

/// For an error that the next request may not get, and for an image that is about to be purged.
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
/// whether an image is current. A variant that was stored before fingerprints existed has no such header.
const FINGERPRINT: HeaderName = HeaderName::from_static(contract::headers::IMAGE_FINGERPRINT);

/// Builds the response with an image.
///
/// It is always the whole image and never a 304: CloudFront is not documented to refresh cache tags on a 304.
pub(crate) fn image(served: Served, cache_tag_header: &HeaderName, cached_max: Duration) -> Response<Body> {
    let Served { variant, cache_tags, caching } = served;
    let mut response = Response::new(Body::from(variant.bytes));
    set(&mut response, CONTENT_TYPE, &variant.content_type);
    set(&mut response, ETAG, &variant.etag);
    match caching {
        Caching::UntilPurged => set(&mut response, CACHE_CONTROL, &until_purged(cached_max)),
        Caching::Briefly => set(&mut response, CACHE_CONTROL, BRIEFLY),
        Caching::Never => set(&mut response, CACHE_CONTROL, NEVER),
    }
    set(&mut response, cache_tag_header.clone(), &cache_tags);
    if let Some(fingerprint) = variant.fingerprint {
        set(&mut response, FINGERPRINT, &fingerprint);
    }
    response
}

/// Builds an error response in JSON. `cache_tags` are those of each target whose purge can change the response; `None`
/// if the request names no target.
pub(crate) fn error(api_error: &ApiError, cache_tag_header: &HeaderName, cache_tags: Option<&str>) -> Response<Body> {
    let body = json!({"error": {"code": api_error.code(), "message": api_error.to_string()}});
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = api_error.status();
    set(&mut response, CONTENT_TYPE, "application/json");
    match api_error.status().as_u16() {
        400 | 404 => set(&mut response, CACHE_CONTROL, BRIEFLY),
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
    use crate::ports::StoredVariant;
    use crate::unrenderable::Unrenderable;

    const CACHE_TAG_HEADER: HeaderName = HeaderName::from_static("image-cache-tag");

    /// With two days as the longest time.
    const UNTIL_PURGED: &str = "public, max-age=0, must-revalidate, stale-if-error=0, s-maxage=172800";

    fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    fn served(fingerprint: Option<&str>, caching: Caching) -> Response<Body> {
        let variant = StoredVariant {
            bytes: vec![1, 2, 3],
            content_type: "image/jpeg".to_owned(),
            fingerprint: fingerprint.map(ToOwned::to_owned),
            etag: "\"abc\"".to_owned(),
        };
        let cache_tags = "acme/p1,acme/location/main,acme".to_owned();
        image(Served { variant, cache_tags, caching }, &CACHE_TAG_HEADER, Duration::from_hours(48))
    }

    #[test]
    fn an_image_is_cached_by_cloudfront_until_purged_and_revalidated_by_browsers() {
        let response = served(Some("0123456789abcdef"), Caching::UntilPurged);
        assert_eq!(response.status(), 200);
        assert_eq!(header(&response, "content-type"), Some("image/jpeg"));
        assert_eq!(header(&response, "etag"), Some("\"abc\""));
        assert_eq!(header(&response, "cache-control"), Some(UNTIL_PURGED));
        assert_eq!(header(&response, "image-cache-tag"), Some("acme/p1,acme/location/main,acme"));
        assert_eq!(header(&response, "image-fingerprint"), Some("0123456789abcdef"));
        assert_eq!(response.into_body().as_ref(), [1, 2, 3]);
    }

    #[test]
    fn an_image_stored_without_a_fingerprint_has_no_fingerprint_header() {
        assert_eq!(header(&served(None, Caching::UntilPurged), "image-fingerprint"), None);
    }

    #[test]
    fn an_image_that_changes_too_fast_to_be_stored_is_cached_briefly() {
        let briefly = served(None, Caching::Briefly);
        assert_eq!(header(&briefly, "cache-control"), Some("public, max-age=0, stale-if-error=0, s-maxage=5"));
    }

    #[test]
    fn an_image_that_is_about_to_be_purged_is_not_cached() {
        assert_eq!(header(&served(None, Caching::Never), "cache-control"), Some("no-store, stale-if-error=0"));
    }

    fn check_error(api_error: &ApiError, status: u16, cache_control: &str) {
        let response = error(api_error, &CACHE_TAG_HEADER, Some("acme/p1,acme"));
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
        let response = error(&ApiError::MethodNotAllowed(Method::POST), &CACHE_TAG_HEADER, None);
        assert_eq!(header(&response, "allow"), Some("GET, HEAD"));
        assert_eq!(header(&response, "image-cache-tag"), None);
    }
}
