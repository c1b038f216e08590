//! Parses a viewer's request.

use contract::query::{DATE, LOCATION};
use domain::image::image_url::{Reading, parse_image_path};
use domain::purge::cache_tag::tag_of;
use domain::{LocationName, Target, TenantId};
use lambda_http::http::Method;
use lambda_http::{Request, RequestExt};

use crate::api_error::ApiError;

pub use contract::headers::TENANT_HEADER;

/// A request for an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageRequest {
    /// The tenant whose distribution sends the request.
    pub(crate) tenant: TenantId,
    /// The packs and suffixes that the path can mean, the longest pack id first.
    pub(crate) readings: Vec<Reading>,
    /// The location in the query. `None`: the pack's main location.
    pub(crate) location: Option<LocationName>,
    /// Whether the query has a date, for which CloudFront keeps the response for seconds.
    pub(crate) has_date: bool,
}

impl ImageRequest {
    /// Parses `request`.
    pub(crate) fn parse(request: &Request) -> Result<Self, ApiError> {
        let tenant = request.headers().get(TENANT_HEADER).and_then(|tenant| tenant.to_str().ok());
        let tenant = tenant.and_then(|tenant| TenantId::parse(tenant).ok()).ok_or(ApiError::NotThroughADistribution)?;
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return Err(ApiError::MethodNotAllowed(request.method().clone()));
        }
        let readings = parse_image_path(request.raw_http_path()).ok_or(ApiError::NotAnImageUrl)?;
        let query = request.query_string_parameters();
        let location = match query.all(LOCATION).unwrap_or_default()[..] {
            [] => None,
            [name] => Some(LocationName::parse(name)?),
            _ => return Err(ApiError::SeveralLocations),
        };
        Ok(Self { tenant, readings, location, has_date: query.first(DATE).is_some() })
    }

    /// The cache tags of an error response: one for each target whose purge can change the response.
    pub(crate) fn cache_tags(&self) -> String {
        let packs = self.readings.iter().map(|reading| Target::Pack(reading.pack.clone()));
        let location = self.location.iter().cloned().map(Target::Location);
        let targets = packs.chain(location).chain([Target::Tenant]);
        targets.map(|target| tag_of(&self.tenant, &target)).collect::<Vec<_>>().join(",")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use domain::Suffix;
    use lambda_http::Body;

    use super::*;

    fn request(method: &str, path: &str, locations: &[&str], tenant: Option<&str>) -> Request {
        let mut builder = lambda_http::http::Request::builder().method(method).uri(path);
        if let Some(tenant) = tenant {
            builder = builder.header(TENANT_HEADER, tenant);
        }
        let locations: Vec<String> = locations.iter().map(ToString::to_string).collect();
        let query = HashMap::from([("location".to_owned(), locations)]);
        builder.body(Body::Empty).unwrap().with_raw_http_path(path).with_query_string_parameters(query)
    }

    fn check(path: &str, locations: &[&str], packs: &[(&str, Option<&str>)], location: Option<&str>, tags: &str) {
        let parsed = ImageRequest::parse(&request("GET", path, locations, Some("acme"))).unwrap();
        let readings: Vec<_> = parsed
            .readings
            .iter()
            .map(|reading| (reading.pack.as_str(), reading.suffix.as_ref().map(Suffix::as_str)))
            .collect();
        assert_eq!(parsed.tenant.as_str(), "acme");
        assert_eq!(readings, packs);
        assert_eq!(parsed.location.as_ref().map(LocationName::as_str), location);
        assert_eq!(parsed.cache_tags(), tags);
    }

    #[test]
    fn a_path_and_its_location_are_parsed_and_tagged_with_every_reading() {
        check("/api/v2/img/p1", &[], &[("p1", None)], None, "acme/p1,acme");
        check("/api/v2/img/p1", &["main"], &[("p1", None)], Some("main"), "acme/p1,acme/location/main,acme");
        check("/api/v2/img/a-b", &[], &[("a-b", None), ("a", Some("b"))], None, "acme/a-b,acme/a,acme");
    }

    #[test]
    fn head_is_parsed_like_get() {
        let parse = |method| ImageRequest::parse(&request(method, "/api/v2/img/p1", &[], Some("acme"))).unwrap();
        assert_eq!(parse("HEAD"), parse("GET"));
    }

    #[test]
    fn a_tag_that_the_purger_sends_for_a_target_is_among_the_tags() {
        let parsed = ImageRequest::parse(&request("GET", "/api/v2/img/p1", &["main"], Some("acme"))).unwrap();
        let tags = parsed.cache_tags();
        for target in ["pack#p1", "location#main", "tenant"] {
            let purged = tag_of(&parsed.tenant, &Target::parse(target).unwrap());
            assert!(tags.split(',').any(|tag| tag == purged), "{purged} in {tags}");
        }
    }

    fn check_rejected(method: &str, path: &str, locations: &[&str], tenant: Option<&str>, status: u16, code: &str) {
        let error = ImageRequest::parse(&request(method, path, locations, tenant)).unwrap_err();
        assert_eq!((error.status().as_u16(), error.code()), (status, code), "{method} {path} {locations:?}");
    }

    #[test]
    fn a_request_that_came_through_no_distribution_is_rejected_before_anything_else() {
        for tenant in [None, Some(""), Some("ACME"), Some("acme*"), Some("acme/p1"), Some("acme, globex")] {
            check_rejected("DELETE", "/favicon.ico", &["*"], tenant, 403, "not-through-a-distribution");
        }
    }

    #[test]
    fn a_request_for_no_image_is_rejected() {
        let tenant = Some("acme");
        check_rejected("POST", "/api/v2/img/p1", &[], tenant, 405, "method-not-allowed");
        check_rejected("GET", "/favicon.ico", &[], tenant, 404, "not-an-image-url");
        check_rejected("GET", "/api/v2/img/*", &[], tenant, 404, "not-an-image-url");
        check_rejected("GET", "/api/v2/img/p1", &[""], tenant, 400, "invalid-identifier");
        check_rejected("GET", "/api/v2/img/p1", &["../main"], tenant, 400, "invalid-identifier");
        check_rejected("GET", "/api/v2/img/p1", &["main", "poster"], tenant, 400, "several-locations");
    }
}
