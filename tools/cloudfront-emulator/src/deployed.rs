//! Reads the deployed distributions from the CloudFront API and converts them to [`Distribution`].

mod tenants;

use aws_sdk_cloudfront::Client;
use aws_sdk_cloudfront::error::DisplayErrorContext;
use aws_sdk_cloudfront::types::{
    CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyHeaderBehavior, CachePolicyQueryStringBehavior,
    ConnectionMode, CustomErrorResponses, CustomHeaders, DistributionConfig, Origin as OriginConfig,
    OriginAccessControlConfig, OriginAccessControlOriginTypes, OriginAccessControlSigningBehaviors,
    ResponseHeadersPolicyConfig, ResponseHeadersPolicyCustomHeadersConfig as SetHeaders,
    ResponseHeadersPolicyRemoveHeadersConfig as RemoveHeaders,
    ResponseHeadersPolicySecurityHeadersConfig as SecurityHeaders,
    ResponseHeadersPolicyServerTimingHeadersConfig as ServerTiming,
};
use http::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method};

use crate::distribution::{Access, CustomHeader, Distribution, Origin, QueryStrings, ResponseHeaders, Ttl};

/// A failure to read the deployed distributions.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("{operation} failed at the CloudFront API of the control plane; is the local AWS up? {cause}")]
    Api { operation: &'static str, cause: String },
    #[error("distribution {id} uses {feature}, which this emulator does not support")]
    Unsupported { id: String, feature: &'static str },
}

/// Reads every distribution with its cache policy, response headers policy and origin access control, and every distribution
/// tenant.
pub(crate) async fn read(client: &Client) -> Result<Vec<Distribution>, SourceError> {
    let mut distributions = Vec::new();
    let mut summaries = client.list_distributions().into_paginator().send();
    while let Some(page) = summaries.next().await {
        let page = page.map_err(|error| failed("ListDistributions", error))?;
        for summary in page.distribution_list.and_then(|list| list.items).unwrap_or_default() {
            distributions.push(read_one(client, summary.id, summary.domain_name).await?);
        }
    }
    let tenants = tenants::read(client, &distributions).await?;
    distributions.extend(tenants);
    Ok(distributions)
}

async fn read_one(client: &Client, id: String, domain_name: String) -> Result<Distribution, SourceError> {
    let unsupported = |feature| SourceError::Unsupported { id: id.clone(), feature };
    let config = client.get_distribution_config().id(&id).send().await;
    let config = config.map_err(|error| failed("GetDistributionConfig", error))?.distribution_config;
    let config = config.ok_or_else(|| unsupported("an empty configuration"))?;

    let policy_id = config.default_cache_behavior().and_then(|behavior| behavior.cache_policy_id());
    let policy_id = policy_id.ok_or_else(|| unsupported("no cache policy"))?;
    let policy = client.get_cache_policy().id(policy_id).send().await;
    let policy = policy.map_err(|error| failed("GetCachePolicy", error))?.cache_policy;
    let policy = policy.and_then(|policy| policy.cache_policy_config);
    let policy = policy.ok_or_else(|| unsupported("an empty cache policy"))?;

    let access_control_id = target_origin(&config).and_then(|origin| origin.origin_access_control_id());
    let mut access_control = None;
    if let Some(id) = access_control_id.filter(|id| !id.is_empty()) {
        let output = client.get_origin_access_control_config().id(id).send().await;
        let output = output.map_err(|error| failed("GetOriginAccessControlConfig", error))?;
        access_control = output.origin_access_control_config;
    }

    let headers_policy_id = config.default_cache_behavior().and_then(|behavior| behavior.response_headers_policy_id());
    let mut headers_policy = None;
    if let Some(id) = headers_policy_id.filter(|id| !id.is_empty()) {
        let output = client.get_response_headers_policy_config().id(id).send().await;
        let output = output.map_err(|error| failed("GetResponseHeadersPolicyConfig", error))?;
        headers_policy = output.response_headers_policy_config;
    }
    let policies =
        Policies { cache: &policy, access_control: access_control.as_ref(), headers: headers_policy.as_ref() };
    let converted = distribution(&id, domain_name, &config, policies);
    converted.map_err(unsupported)
}

fn failed(operation: &'static str, error: impl std::error::Error) -> SourceError {
    SourceError::Api { operation, cause: DisplayErrorContext(error).to_string() }
}

/// The policies of a distribution.
struct Policies<'a> {
    cache: &'a CachePolicyConfig,
    access_control: Option<&'a OriginAccessControlConfig>,
    headers: Option<&'a ResponseHeadersPolicyConfig>,
}

/// Converts the types of the API to a distribution, or returns the feature that the emulator does not support.
fn distribution(
    id: &str,
    domain_name: String,
    config: &DistributionConfig,
    Policies { cache: policy, access_control, headers }: Policies<'_>,
) -> Result<Distribution, &'static str> {
    if config.cache_behaviors().is_some_and(|behaviors| behaviors.quantity() > 0) {
        return Err("cache behaviors besides the default one");
    }
    let origin = target_origin(config).ok_or("a default cache behavior without a single origin")?;
    let query_strings = query_strings(policy).ok_or("headers or cookies in its cache key")?;
    let access_control =
        access_control.filter(|control| control.signing_behavior() != &OriginAccessControlSigningBehaviors::Never);
    let signing_region = access_control.map(|control| {
        let region = signing_region(control.origin_access_control_origin_type(), origin.domain_name());
        region.ok_or("origin access control of another type than its origin")
    });
    let cache_tag_header = config
        .cache_tag_config()
        .map(|tags| HeaderName::try_from(tags.header_name()).map_err(|_| "a cache tag header that is not valid HTTP"));
    let error_responses = config.custom_error_responses().map(CustomErrorResponses::items).unwrap_or_default();
    let error_caching_min_ttl_secs = error_responses.iter().filter_map(|response| {
        Some((u16::try_from(response.error_code()).ok()?, non_negative(response.error_caching_min_ttl()?)))
    });
    let default_ttl = Ttl::default();
    Ok(Distribution {
        id: id.to_owned(),
        domain_name,
        access: match config.connection_mode() {
            Some(ConnectionMode::TenantOnly) => Access::TenantOnly,
            _ => Access::Direct,
        },
        aliases: config.aliases().map(|aliases| aliases.items().to_vec()).unwrap_or_default(),
        origin: Origin {
            domain_name: origin.domain_name().to_owned(),
            path: origin.origin_path().unwrap_or_default().to_owned(),
            custom_headers: custom_headers(origin).ok_or("an origin custom header that is not valid HTTP")?,
            signing_region: signing_region.transpose()?,
        },
        allowed_methods: allowed_methods(config),
        query_strings,
        ttl: Ttl {
            min_secs: non_negative(policy.min_ttl()),
            default_secs: policy.default_ttl().map_or(default_ttl.default_secs, non_negative),
            max_secs: policy.max_ttl().map_or(default_ttl.max_secs, non_negative),
        },
        error_caching_min_ttl_secs: error_caching_min_ttl_secs.collect(),
        cache_tag_header: cache_tag_header.transpose()?,
        response_headers: headers.map(response_headers).transpose()?.unwrap_or_default(),
    })
}

fn response_headers(policy: &ResponseHeadersPolicyConfig) -> Result<ResponseHeaders, &'static str> {
    let has_server_timing = policy.server_timing_headers_config().is_some_and(ServerTiming::enabled);
    if policy.cors_config().is_some() || has_server_timing {
        return Err("CORS or server timing headers in its response headers policy");
    }
    let security = policy.security_headers_config().map(security_headers).transpose()?.unwrap_or_default();
    let remove = policy.remove_headers_config().map(RemoveHeaders::items).unwrap_or_default();
    let remove = remove.iter().map(|header| HeaderName::try_from(header.header()).ok());
    let set = policy.custom_headers_config().map(SetHeaders::items).unwrap_or_default();
    let set = set.iter().map(|header| {
        Some(CustomHeader {
            name: HeaderName::try_from(header.header()).ok()?,
            value: HeaderValue::try_from(header.value()).ok()?,
            overrides_origin: header.r#override(),
        })
    });
    let set = set.chain(security.into_iter().map(Some));
    let parsed = || Some(ResponseHeaders { remove: remove.collect::<Option<_>>()?, set: set.collect::<Option<_>>()? });
    parsed().ok_or("a header that is not valid HTTP in its response headers policy")
}

/// The security headers of a policy. CloudFront accepts none of them as a custom header.
fn security_headers(config: &SecurityHeaders) -> Result<Vec<CustomHeader>, &'static str> {
    let others = [
        config.content_security_policy().is_some(),
        config.frame_options().is_some(),
        config.referrer_policy().is_some(),
        config.xss_protection().is_some(),
    ];
    if others.contains(&true) {
        return Err("security headers other than HSTS and nosniff in its response headers policy");
    }
    let mut set = Vec::new();
    if let Some(options) = config.content_type_options() {
        let value = HeaderValue::from_static("nosniff");
        set.push(CustomHeader { name: X_CONTENT_TYPE_OPTIONS, value, overrides_origin: options.r#override() });
    }
    if let Some(hsts) = config.strict_transport_security() {
        let directive = |is_set: Option<bool>, text| if is_set == Some(true) { text } else { "" };
        let subdomains = directive(hsts.include_subdomains(), "; includeSubDomains");
        let preload = directive(hsts.preload(), "; preload");
        let value = format!("max-age={}{subdomains}{preload}", hsts.access_control_max_age_sec());
        let value = HeaderValue::try_from(value).map_err(|_| "an HSTS header that is not valid HTTP")?;
        set.push(CustomHeader { name: STRICT_TRANSPORT_SECURITY, value, overrides_origin: hsts.r#override() });
    }
    Ok(set)
}

fn target_origin(config: &DistributionConfig) -> Option<&OriginConfig> {
    let target = config.default_cache_behavior()?.target_origin_id();
    config.origins()?.items().iter().find(|origin| origin.id() == target)
}

/// The region of `<id>.lambda-url.<region>.on.aws` or `<bucket>.s3.<region>.amazonaws.com`, for an origin of that type.
fn signing_region(origin_type: &OriginAccessControlOriginTypes, domain_name: &str) -> Option<String> {
    let service = match origin_type {
        OriginAccessControlOriginTypes::Lambda => "lambda-url",
        OriginAccessControlOriginTypes::S3 => "s3",
        _ => return None,
    };
    let mut labels = domain_name.split('.').skip(1);
    (labels.next() == Some(service)).then(|| labels.next().map(ToOwned::to_owned)).flatten()
}

fn custom_headers(origin: &OriginConfig) -> Option<Vec<(HeaderName, HeaderValue)>> {
    let headers = origin.custom_headers().map(CustomHeaders::items).unwrap_or_default();
    let parsed = headers.iter().map(|header| {
        Some((HeaderName::try_from(header.header_name()).ok()?, HeaderValue::try_from(header.header_value()).ok()?))
    });
    parsed.collect()
}

/// The methods that viewers may use: GET, HEAD and, if the configuration has it, OPTIONS. The emulator does not forward
/// request bodies, so the other methods are not supported.
fn allowed_methods(config: &DistributionConfig) -> Vec<Method> {
    let allowed = config.default_cache_behavior().and_then(|behavior| behavior.allowed_methods());
    let with_options = allowed.is_some_and(|methods| methods.items().iter().any(|method| method.as_str() == "OPTIONS"));
    let mut methods = vec![Method::GET, Method::HEAD];
    methods.extend(with_options.then_some(Method::OPTIONS));
    methods
}

/// The query strings in the cache key; `None` if the key also has headers or cookies, which are not supported.
fn query_strings(policy: &CachePolicyConfig) -> Option<QueryStrings> {
    let Some(parameters) = policy.parameters_in_cache_key_and_forwarded_to_origin() else {
        return Some(QueryStrings::None);
    };
    let (headers, cookies) = (parameters.headers_config(), parameters.cookies_config());
    if headers.is_some_and(|headers| headers.header_behavior() != &CachePolicyHeaderBehavior::None)
        || cookies.is_some_and(|cookies| cookies.cookie_behavior() != &CachePolicyCookieBehavior::None)
    {
        return None;
    }
    let Some(config) = parameters.query_strings_config() else { return Some(QueryStrings::None) };
    let names = || config.query_strings().map(|names| names.items().to_vec()).unwrap_or_default();
    Some(match config.query_string_behavior() {
        CachePolicyQueryStringBehavior::All => QueryStrings::All,
        CachePolicyQueryStringBehavior::AllExcept => QueryStrings::AllExcept(names()),
        CachePolicyQueryStringBehavior::Whitelist => QueryStrings::Only(names()),
        _ => QueryStrings::None,
    })
}

fn non_negative(secs: i64) -> u64 {
    u64::try_from(secs).unwrap_or(0)
}

#[cfg(test)]
mod tests;
