use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, Method};

/// One distribution, reduced to what the emulator needs in order to serve it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Distribution {
    /// For example `EDFDVBD6EXAMPLE`.
    pub id: String,
    /// The name that CloudFront gave it, for example `d111111abcdef8.cloudfront.net`.
    pub domain_name: String,
    /// Its alternate domain names. They are compared without regard to case.
    pub aliases: Vec<String>,
    /// Where misses are fetched from.
    pub origin: Origin,
    /// The methods that viewers may use. GET and HEAD are cached; OPTIONS goes to the origin each time.
    pub allowed_methods: Vec<Method>,
    /// The query parameters that are part of the cache key and are sent to the origin.
    pub query_strings: QueryStrings,
    /// How long objects stay cached.
    pub ttl: Ttl,
    /// `ErrorCachingMinTTL` in seconds by status code, where it isn't the default of 10 seconds.
    pub error_caching_min_ttl_secs: BTreeMap<u16, u64>,
    /// `CacheTagConfig.HeaderName`: the response header that carries the cache tags. Viewers never see it.
    pub cache_tag_header: Option<HeaderName>,
}

impl Distribution {
    /// A distribution as AWS makes it when a configuration says nothing more: GET and HEAD, no query parameter in the
    /// cache key, default TTLs, no cache tags.
    #[must_use]
    pub fn new(id: impl Into<String>, alias: impl Into<String>, origin: Origin) -> Self {
        let id = id.into();
        Self {
            domain_name: format!("{}.cloudfront.net", id.to_ascii_lowercase()),
            id,
            aliases: vec![alias.into()],
            origin,
            allowed_methods: vec![Method::GET, Method::HEAD],
            query_strings: QueryStrings::None,
            ttl: Ttl::default(),
            error_caching_min_ttl_secs: BTreeMap::new(),
            cache_tag_header: None,
        }
    }

    /// Whether a request for `host` (without port) is for this distribution.
    pub(crate) fn serves(&self, host: &str) -> bool {
        self.domain_name.eq_ignore_ascii_case(host) || self.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(host))
    }
}

/// The origin of a distribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Sent as `Host`, for example `<id>.lambda-url.eu-west-1.on.aws`.
    pub domain_name: String,
    /// `OriginPath`: put before the path of each request; empty, or `/` and no slash at the end.
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

/// The bounds that a cache policy sets to how long objects stay cached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ttl {
    /// At least this long, in seconds, whatever the origin says.
    pub min_secs: u64,
    /// This long, in seconds, when the origin says nothing.
    pub default_secs: u64,
    /// At most this long, in seconds, whatever the origin says.
    pub max_secs: u64,
}

impl Default for Ttl {
    /// The defaults of the `CachePolicyConfig` API type: 0 seconds, one day, one year.
    fn default() -> Self {
        Self { min_secs: 0, default_secs: 86_400, max_secs: 31_536_000 }
    }
}
