use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CacheBehaviors, CachePolicyCookiesConfig, CachePolicyHeadersConfig,
    CachePolicyQueryStringsConfig, CacheTagConfig, CustomErrorResponse, CustomErrorResponses, CustomHeaders,
    DefaultCacheBehavior, Method as ApiMethod, OriginAccessControlSigningProtocols, OriginCustomHeader, Origins,
    ParametersInCacheKeyAndForwardedToOrigin, QueryStringNames, ViewerProtocolPolicy,
};

use super::*;

const FUNCTION_URL: &str = "abc.lambda-url.eu-west-1.on.aws";

fn origin(domain_name: &str) -> OriginConfig {
    let tenant = OriginCustomHeader::builder().header_name("x-image-tenant").header_value("acme").build().unwrap();
    OriginConfig::builder()
        .id("image-processing")
        .domain_name(domain_name)
        .custom_headers(CustomHeaders::builder().quantity(1).items(tenant).build().unwrap())
        .build()
        .unwrap()
}

fn config(domain_name: &str) -> aws_sdk_cloudfront::types::builders::DistributionConfigBuilder {
    let methods = AllowedMethods::builder().quantity(3).items(ApiMethod::Get).items(ApiMethod::Head);
    let behavior = DefaultCacheBehavior::builder()
        .target_origin_id("image-processing")
        .viewer_protocol_policy(ViewerProtocolPolicy::RedirectToHttps)
        .allowed_methods(methods.items(ApiMethod::Options).build().unwrap())
        .build()
        .unwrap();
    let not_found = CustomErrorResponse::builder().error_code(404).error_caching_min_ttl(3).build().unwrap();
    DistributionConfig::builder()
        .caller_reference("a test")
        .comment("")
        .enabled(true)
        .aliases(Aliases::builder().quantity(1).items("acme.localhost").build().unwrap())
        .origins(Origins::builder().quantity(1).items(origin(domain_name)).build().unwrap())
        .default_cache_behavior(behavior)
        .custom_error_responses(CustomErrorResponses::builder().quantity(1).items(not_found).build().unwrap())
        .cache_tag_config(CacheTagConfig::builder().header_name("Image-Cache-Tag").build().unwrap())
}

fn policy(headers: CachePolicyHeaderBehavior) -> CachePolicyConfig {
    let names = QueryStringNames::builder().quantity(1).items("location").build().unwrap();
    let query_strings = CachePolicyQueryStringsConfig::builder()
        .query_string_behavior(CachePolicyQueryStringBehavior::Whitelist)
        .query_strings(names)
        .build()
        .unwrap();
    let cookies = CachePolicyCookiesConfig::builder().cookie_behavior(CachePolicyCookieBehavior::None);
    let parameters = ParametersInCacheKeyAndForwardedToOrigin::builder()
        .enable_accept_encoding_gzip(false)
        .headers_config(CachePolicyHeadersConfig::builder().header_behavior(headers).build().unwrap())
        .cookies_config(cookies.build().unwrap())
        .query_strings_config(query_strings)
        .build()
        .unwrap();
    CachePolicyConfig::builder()
        .name("by location")
        .min_ttl(1)
        .default_ttl(60)
        .parameters_in_cache_key_and_forwarded_to_origin(parameters)
        .build()
        .unwrap()
}

fn access_control(signing: OriginAccessControlSigningBehaviors) -> OriginAccessControlConfig {
    OriginAccessControlConfig::builder()
        .name("image-processing")
        .signing_protocol(OriginAccessControlSigningProtocols::Sigv4)
        .signing_behavior(signing)
        .origin_access_control_origin_type(OriginAccessControlOriginTypes::Lambda)
        .build()
        .unwrap()
}

fn read(
    config: &DistributionConfig,
    policy: &CachePolicyConfig,
    access_control: Option<&OriginAccessControlConfig>,
) -> Result<Distribution, String> {
    distribution("E1".to_owned(), "d1.cloudfront.net".to_owned(), config, policy, access_control)
        .map_err(|error| error.to_string())
}

#[test]
fn a_deployed_distribution_is_converted_with_its_configuration() {
    let always = access_control(OriginAccessControlSigningBehaviors::Always);
    let read = read(&config(FUNCTION_URL).build().unwrap(), &policy(CachePolicyHeaderBehavior::None), Some(&always));

    let expected = Distribution {
        id: "E1".to_owned(),
        domain_name: "d1.cloudfront.net".to_owned(),
        aliases: vec!["acme.localhost".to_owned()],
        origin: Origin {
            domain_name: FUNCTION_URL.to_owned(),
            path: String::new(),
            custom_headers: vec![(HeaderName::from_static("x-image-tenant"), HeaderValue::from_static("acme"))],
            signing_region: Some("eu-west-1".to_owned()),
        },
        allowed_methods: vec![Method::GET, Method::HEAD, Method::OPTIONS],
        query_strings: QueryStrings::Only(vec!["location".to_owned()]),
        ttl: Ttl { min_secs: 1, default_secs: 60, max_secs: 31_536_000 },
        error_caching_min_ttl_secs: [(404, 3)].into_iter().collect(),
        cache_tag_header: Some(HeaderName::from_static("image-cache-tag")),
    };
    assert_eq!(read, Ok(expected));
}

#[test]
fn origin_requests_are_signed_only_if_the_access_control_requires_it() {
    let config = config(FUNCTION_URL).build().unwrap();
    let policy = policy(CachePolicyHeaderBehavior::None);
    let never = access_control(OriginAccessControlSigningBehaviors::Never);

    assert_eq!(read(&config, &policy, None).unwrap().origin.signing_region, None);
    let bucket = self::config("images.s3.eu-west-1.amazonaws.com").build().unwrap();
    let mut of_bucket = access_control(OriginAccessControlSigningBehaviors::Always);
    of_bucket.origin_access_control_origin_type = OriginAccessControlOriginTypes::S3;
    assert_eq!(read(&bucket, &policy, Some(&of_bucket)).unwrap().origin.signing_region.as_deref(), Some("eu-west-1"));
    assert_eq!(read(&config, &policy, Some(&never)).unwrap().origin.signing_region, None);
}

fn check_unsupported(
    config: &DistributionConfig,
    policy: &CachePolicyConfig,
    access_control: Option<&OriginAccessControlConfig>,
    feature: &str,
) {
    let expected = format!("distribution E1 uses {feature}, which this emulator does not support");
    assert_eq!(read(config, policy, access_control), Err(expected));
}

#[test]
fn an_unsupported_feature_is_rejected_and_named() {
    let plain = policy(CachePolicyHeaderBehavior::None);
    let always = access_control(OriginAccessControlSigningBehaviors::Always);
    let bucket = config("images.s3.eu-west-1.amazonaws.com").build().unwrap();
    check_unsupported(&bucket, &plain, Some(&always), "origin access control of another type than its origin");

    let function_url = config(FUNCTION_URL).build().unwrap();
    let by_header = policy(CachePolicyHeaderBehavior::Whitelist);
    check_unsupported(&function_url, &by_header, None, "headers or cookies in its cache key");

    let behaviors = CacheBehaviors::builder().quantity(1).build().unwrap();
    let by_path = config(FUNCTION_URL).cache_behaviors(behaviors).build().unwrap();
    check_unsupported(&by_path, &plain, None, "cache behaviors besides the default one");

    let no_origins = Origins::builder().quantity(0).set_items(Some(Vec::new())).build().unwrap();
    let without_origin = config(FUNCTION_URL).origins(no_origins).build().unwrap();
    check_unsupported(&without_origin, &plain, None, "a default cache behavior without a single origin");
}
