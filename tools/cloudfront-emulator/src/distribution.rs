use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue, Method};

/// The part of a distribution that the emulator serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// The id, for example `EDFDVBD6EXAMPLE`.
    pub id: String,
    /// The domain name that CloudFront assigned, for example `d111111abcdef8.cloudfront.net`.
    pub domain_name: String,
    /// The way in which viewers reach it.
    pub access: Access,
    /// The alternate domain names, compared case-insensitively.
    pub aliases: Vec<String>,
    /// The origin that cache misses are fetched from.
    pub origin: Origin,
    /// The methods that viewers may use. GET and HEAD are cached; each OPTIONS request is sent to the origin.
    pub allowed_methods: Vec<Method>,
    /// The query parameters in the cache key, which are also sent to the origin.
    pub query_strings: QueryStrings,
    /// The bounds of the time to live of objects.
    pub ttl: Ttl,
    /// `ErrorCachingMinTTL` in seconds by status code, where it is not the default of 10 seconds.
    pub error_caching_min_ttl_secs: BTreeMap<u16, u64>,
    /// `CacheTagConfig.HeaderName`: the response header that carries the cache tags. Viewers see it, unless the
    /// response headers policy removes it.
    pub cache_tag_header: Option<HeaderName>,
    /// The response headers policy.
    pub response_headers: ResponseHeaders,
}

impl Distribution {
    /// A distribution with the defaults of CloudFront: GET and HEAD, no query parameter in the cache key, default TTLs,
    /// no cache tags.
    #[must_use]
    pub fn new(id: impl Into<String>, alias: impl Into<String>, origin: Origin) -> Self {
        let id = id.into();
        Self {
            domain_name: format!("{}.cloudfront.net", id.to_ascii_lowercase()),
            id,
            access: Access::Direct,
            aliases: vec![alias.into()],
            origin,
            allowed_methods: vec![Method::GET, Method::HEAD],
            query_strings: QueryStrings::None,
            ttl: Ttl::default(),
            error_caching_min_ttl_secs: BTreeMap::new(),
            cache_tag_header: None,
            response_headers: ResponseHeaders::default(),
        }
    }

    /// The id of the distribution whose quotas its invalidations use. AWS does not document whether a distribution tenant has
    /// quotas of its own; here those of a multi-tenant distribution share them.
    pub(crate) fn quota_id(&self) -> &str {
        match &self.access {
            Access::Direct | Access::TenantOnly => &self.id,
            Access::Tenant(of) => of,
        }
    }

    /// Whether a request for `host` (without port) is for this distribution.
    pub(crate) fn serves(&self, host: &str) -> bool {
        let is_domain_name = self.access == Access::Direct && self.domain_name.eq_ignore_ascii_case(host);
        is_domain_name || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host))
    }
}

/// The way in which viewers reach a distribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// By its own names.
    Direct,
    /// Through its distribution tenants only: it is a multi-tenant distribution, and has no names.
    TenantOnly,
    /// By the domains of a distribution tenant, which this is, of the multi-tenant distribution with this id.
    Tenant(String),
}

/// The origin of a distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The value of `Host`, for example `<id>.lambda-url.eu-west-1.on.aws`.
    pub domain_name: String,
    /// `OriginPath`: prepended to the path of each request; empty, or begins with `/` and does not end with one.
    pub path: String,
    /// Headers that CloudFront adds to each origin request.
    pub custom_headers: Vec<(HeaderName, HeaderValue)>,
    /// The region of the signatures (Signature Version 4) that an origin access control requires; `None` sends unsigned
    /// requests.
    pub signing_region: Option<String>,
}

/// The query parameters in the cache key: `QueryStringBehavior` of a cache policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueryStrings {
    /// `none`.
    None,
    /// `whitelist`: only these names. They are case-sensitive.
    Only(Vec<String>),
    /// `allExcept`: all but these names.
    AllExcept(Vec<String>),
    /// `all`.
    All,
}

/// The changes that a response headers policy makes to responses to viewers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// Headers that are removed.
    pub remove: Vec<HeaderName>,
    /// Headers that are set, after the removal.
    pub set: Vec<CustomHeader>,
}

/// A custom header of a response headers policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomHeader {
    /// The name.
    pub name: HeaderName,
    /// The value.
    pub value: HeaderValue,
    /// Whether it replaces a header of the origin; otherwise that of the origin stays.
    pub overrides_origin: bool,
}

impl ResponseHeaders {
    /// Changes the headers of a response of the origin.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        for name in &self.remove {
            headers.remove(name);
        }
        for CustomHeader { name, value, overrides_origin } in &self.set {
            if *overrides_origin || !headers.contains_key(name) {
                headers.insert(name, value.clone());
            }
        }
    }
}

/// The bounds that a cache policy sets to the time to live of objects, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// The minimum, whatever the origin responds.
    pub min_secs: u64,
    /// The time to live of a response without a directive for the cache.
    pub default_secs: u64,
    /// The maximum, whatever the origin responds.
    pub max_secs: u64,
}

impl Default for Ttl {
    /// The defaults of the `CachePolicyConfig` API type: 0 seconds, one day, one year.
    fn default() -> Self {
        Self { min_secs: 0, default_secs: 86_400, max_secs: 31_536_000 }
    }
}
