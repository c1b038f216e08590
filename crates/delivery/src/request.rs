//! Parses a viewer's request.

use contract::TenantSource;
use contract::query::{DATE, LOCATION};
use contract::tenant_source::TENANT_PATH_PREFIX;
use domain::image::image_url::{Reading, parse_image_path};
use domain::purge::cache_tag::header_value;
use domain::{ImagePackId, LocationName, TenantId};
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
    /// Parses `request`, which names its tenant in `source`.
    pub(crate) fn parse(request: &Request, source: TenantSource) -> Result<Self, ApiError> {
        let (tenant, path) = tenant_and_path(request, source);
        let tenant = tenant.and_then(|tenant| TenantId::parse(tenant).ok()).ok_or(ApiError::NotThroughADistribution)?;
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return Err(ApiError::MethodNotAllowed(request.method().clone()));
        }
        let readings = parse_image_path(path).ok_or(ApiError::NotAnImageUrl)?;
        let query = request.query_string_parameters();
        let location = match query.all(LOCATION).unwrap_or_default()[..] {
            [] => None,
            [name] => Some(LocationName::parse(name)?),
            _ => return Err(ApiError::SeveralLocations),
        };
        Ok(Self { tenant, readings, location, has_date: query.first(DATE).is_some() })
    }

    /// Whether the URL has no date and no suffix, now that it has turned out to mean `pack`.
    pub(crate) fn is_plain(&self, pack: &ImagePackId) -> bool {
        !self.has_date && self.readings.iter().any(|reading| reading.pack == *pack && reading.suffix.is_none())
    }

    /// The cache tags of an error response: one for each target whose purge can change the response.
    pub(crate) fn cache_tags(&self) -> String {
        header_value(&self.tenant, self.readings.iter().map(|reading| &reading.pack), self.location.as_ref())
    }
}

/// The tenant that `source` names, and the path that the viewer sent. Only what CloudFront sets is looked at: a path in
/// front of the viewer's cannot be replaced by the viewer, and neither can an origin's custom header.
fn tenant_and_path(request: &Request, source: TenantSource) -> (Option<&str>, &str) {
    let path = request.raw_http_path();
    match source {
        TenantSource::Header => (request.headers().get(TENANT_HEADER).and_then(|tenant| tenant.to_str().ok()), path),
        TenantSource::Path => path
            .strip_prefix(TENANT_PATH_PREFIX)
            .and_then(|below| Some(below.split_at(below.find('/')?)))
            .map_or((None, path), |(tenant, path)| (Some(tenant), path)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use domain::purge::cache_tag::tag_of;
    use domain::{Suffix, Target};
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
        let parsed = ImageRequest::parse(&request("GET", path, locations, Some("acme")), TenantSource::Header).unwrap();
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
        let parse = |method| {
            ImageRequest::parse(&request(method, "/api/v2/img/p1", &[], Some("acme")), TenantSource::Header).unwrap()
        };
        assert_eq!(parse("HEAD"), parse("GET"));
    }

    #[test]
    fn a_tag_that_the_purger_sends_for_a_target_is_among_the_tags() {
        let parsed =
            ImageRequest::parse(&request("GET", "/api/v2/img/p1", &["main"], Some("acme")), TenantSource::Header)
                .unwrap();
        let tags = parsed.cache_tags();
        for target in ["pack#p1", "location#main", "tenant"] {
            let purged = tag_of(&parsed.tenant, &Target::parse(target).unwrap());
            assert!(tags.split(',').any(|tag| tag == purged), "{purged} in {tags}");
        }
    }

    fn check_rejected(method: &str, path: &str, locations: &[&str], tenant: Option<&str>, status: u16, code: &str) {
        let error = ImageRequest::parse(&request(method, path, locations, tenant), TenantSource::Header).unwrap_err();
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

    /// The outcome of a request whose path CloudFront has extended, and whose header `x-image-tenant` the viewer has set:
    /// tenant and cache tags, or the code of the error.
    fn outcome(source: TenantSource, path: &str, header: Option<&str>) -> Result<(String, String), String> {
        let parsed = ImageRequest::parse(&request("GET", path, &[], header), source);
        parsed
            .map(|request| (request.tenant.to_string(), request.cache_tags()))
            .map_err(|error| error.code().to_owned())
    }

    fn through_none() -> Result<(String, String), String> {
        Err("not-through-a-distribution".to_owned())
    }

    fn no_image() -> Result<(String, String), String> {
        Err("not-an-image-url".to_owned())
    }

    #[test]
    fn a_multi_tenant_distribution_names_the_tenant_in_front_of_the_viewers_path() {
        let acme = Ok(("acme".to_owned(), "acme/p1,acme".to_owned()));
        assert_eq!(outcome(TenantSource::Path, "/t/acme/api/v2/img/p1", None), acme);
        // A viewer's header is as good as none.
        assert_eq!(outcome(TenantSource::Path, "/t/acme/api/v2/img/p1", Some("globex")), acme);
        assert_eq!(outcome(TenantSource::Path, "/api/v2/img/p1", Some("globex")), through_none());
        for path in
            ["/t/", "/t/acme", "/t//api/v2/img/p1", "/t/ACME/api/v2/img/p1", "/t/a%63me/api/v2/img/p1", "/T/acme/p1"]
        {
            assert_eq!(outcome(TenantSource::Path, path, Some("globex")), through_none(), "{path}");
        }
    }

    #[test]
    fn a_viewer_cannot_choose_another_tenant_by_its_path() {
        for sent in [
            "/t/globex/api/v2/img/p1",
            "//t/globex/api/v2/img/p1",
            "/../globex/api/v2/img/p1",
            "/../../t/globex/api/v2/img/p1",
            "/%2e%2e/globex/api/v2/img/p1",
            "/..%2fglobex/api/v2/img/p1",
            "/api/v2/img/../../../../globex/api/v2/img/p1",
            "/api/v2/img/..",
            "/api/v2/img/p1/../../../../../globex/api/v2/img/p1",
            "/\\..\\globex\\api/v2/img/p1",
        ] {
            let extended = format!("/t/acme{sent}");
            assert_eq!(outcome(TenantSource::Path, &extended, Some("globex")), no_image(), "{sent}");
            // A distribution of acme's own sets the header, and extends no path.
            assert_eq!(outcome(TenantSource::Header, sent, Some("acme")), no_image(), "{sent}");
        }
    }
}
