//! The address of an image: its URL, or tenant, pack and location.

use contract::names::Installation;
use contract::query::{DATE, LOCATION};
use domain::image::image_url::{IMAGE_PATH_PREFIX, Reading, parse_image_segment};
use domain::{ImagePackId, LocationName, TenantId, Timestamp};
use reqwest::Url;

/// The address of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImageAddress {
    pub(crate) tenant: TenantId,
    pub(crate) host: String,
    /// The last part of the path: `<imagePackId>[-<suffix>]`.
    segment: String,
    /// The packs that it may name, the likeliest first.
    pub(crate) readings: Vec<Reading>,
    /// `None`: the main location of the pack.
    pub(crate) location: Option<LocationName>,
    /// The value of `date` in the URL, which makes it a cache entry of its own.
    date: Option<String>,
}

impl ImageAddress {
    /// Reads the URL of an image of this environment. The error says what is wrong.
    pub(crate) fn of_url(url: &str, installation: &Installation) -> Result<Self, String> {
        let example = format!("https://<tenant>.{}{IMAGE_PATH_PREFIX}<imagePackId>", installation.viewer_domain);
        let parsed = Url::parse(url).map_err(|error| format!("{url:?} is no URL ({error}); example: {example}"))?;
        let host = parsed.host_str().unwrap_or_default();
        let tenant = host.strip_suffix(&installation.viewer_domain).and_then(|tenant| tenant.strip_suffix('.'));
        let tenant = tenant.and_then(|tenant| TenantId::parse(tenant).ok()).ok_or_else(|| {
            format!(
                "the host {host:?} is not one of this environment, whose hosts are <tenant>.{}; for a tenant with a host of \
                 its own, name tenant and pack instead",
                installation.viewer_domain
            )
        })?;
        let segment = parsed.path().strip_prefix(IMAGE_PATH_PREFIX);
        let segment =
            segment.ok_or_else(|| format!("{} is the path of no image; example: {example}", parsed.path()))?;
        let parameter = |name| parsed.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let location = parameter(LOCATION).map(|name| LocationName::parse(&name));
        let location = location.transpose().map_err(|error| error.to_string())?;
        Self::new(tenant, segment, location, parameter(DATE), installation)
    }

    /// The address of `segment`, `<imagePackId>[-<suffix>]`, of `tenant`.
    pub(crate) fn of_pack(
        tenant: TenantId,
        segment: &str,
        location: Option<LocationName>,
        installation: &Installation,
    ) -> Result<Self, String> {
        Self::new(tenant, segment, location, None, installation)
    }

    fn new(
        tenant: TenantId,
        segment: &str,
        location: Option<LocationName>,
        date: Option<String>,
        installation: &Installation,
    ) -> Result<Self, String> {
        let readings = parse_image_segment(segment).map_err(|error| error.to_string())?;
        Ok(Self {
            host: installation.viewer_host(&tenant),
            tenant,
            segment: segment.to_owned(),
            readings,
            location,
            date,
        })
    }

    /// The path and the query that a viewer requests.
    pub(crate) fn path(&self) -> String {
        self.with(&self.segment, self.date.as_deref())
    }

    /// The same past the cache of CloudFront: with a `date` that no request had before `now`.
    pub(crate) fn path_past_the_cache(&self, now: Timestamp) -> String {
        self.with(&self.segment, Some(&now.as_millis().to_string()))
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{}{}", self.host, self.path())
    }

    /// The URL of the image of `pack` with a suffix that no cache has: it shows the current image without a purge.
    pub(crate) fn url_with_suffix(&self, pack: &ImagePackId, now: Timestamp) -> String {
        format!("https://{}{}", self.host, self.with(&format!("{pack}-{}", now.as_secs()), None))
    }

    fn with(&self, segment: &str, date: Option<&str>) -> String {
        let location = self.location.as_ref().map(|location| format!("{LOCATION}={location}"));
        let query: Vec<_> = location.into_iter().chain(date.map(|date| format!("{DATE}={date}"))).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{IMAGE_PATH_PREFIX}{segment}{mark}{}", query.join("&"))
    }
}
