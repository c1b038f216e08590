use std::net::Ipv4Addr;

use aws_sdk_cloudfront::Config;
use aws_sdk_cloudfront::config::{BehaviorVersion, Credentials, Region};
use axum::Router;
use axum::routing::get;
use tokio::net::TcpListener;

use super::*;

const LIST: &str = "<DistributionList><Marker/><MaxItems>100</MaxItems><IsTruncated>false</IsTruncated>\
    <Quantity>1</Quantity><Items><DistributionSummary><Id>E1</Id><DomainName>d1.cloudfront.net</DomainName>\
    </DistributionSummary></Items></DistributionList>";

const DISTRIBUTION: &str = "<DistributionConfig><CallerReference>a test</CallerReference><Comment/>\
    <Enabled>true</Enabled><Aliases><Quantity>1</Quantity><Items><CNAME>acme.localhost</CNAME></Items></Aliases>\
    <Origins><Quantity>1</Quantity><Items><Origin><Id>image-processing</Id>\
    <DomainName>abc.lambda-url.eu-west-1.on.aws</DomainName><OriginPath/><OriginAccessControlId>O1</OriginAccessControlId>\
    <CustomHeaders><Quantity>1</Quantity><Items><OriginCustomHeader><HeaderName>x-image-tenant</HeaderName>\
    <HeaderValue>acme</HeaderValue></OriginCustomHeader></Items></CustomHeaders></Origin></Items></Origins>\
    <DefaultCacheBehavior><TargetOriginId>image-processing</TargetOriginId><CachePolicyId>P1</CachePolicyId>\
    <ResponseHeadersPolicyId>H1</ResponseHeadersPolicyId><ViewerProtocolPolicy>redirect-to-https</ViewerProtocolPolicy><AllowedMethods><Quantity>3</Quantity>\
    <Items><Method>GET</Method><Method>HEAD</Method><Method>OPTIONS</Method></Items></AllowedMethods>\
    </DefaultCacheBehavior><CacheBehaviors><Quantity>0</Quantity></CacheBehaviors>\
    <CustomErrorResponses><Quantity>1</Quantity><Items><CustomErrorResponse><ErrorCode>404</ErrorCode>\
    <ErrorCachingMinTTL>3</ErrorCachingMinTTL></CustomErrorResponse></Items></CustomErrorResponses>\
    <CacheTagConfig><HeaderName>Image-Cache-Tag</HeaderName></CacheTagConfig></DistributionConfig>";

const POLICY: &str = "<CachePolicy><Id>P1</Id><LastModifiedTime>2026-11-22T10:00:00Z</LastModifiedTime>\
    <CachePolicyConfig><Name>by location</Name><MinTTL>1</MinTTL><DefaultTTL>60</DefaultTTL>\
    <ParametersInCacheKeyAndForwardedToOrigin><EnableAcceptEncodingGzip>false</EnableAcceptEncodingGzip>\
    <HeadersConfig><HeaderBehavior>none</HeaderBehavior></HeadersConfig>\
    <CookiesConfig><CookieBehavior>none</CookieBehavior></CookiesConfig>\
    <QueryStringsConfig><QueryStringBehavior>whitelist</QueryStringBehavior><QueryStrings><Quantity>1</Quantity>\
    <Items><Name>location</Name></Items></QueryStrings></QueryStringsConfig>\
    </ParametersInCacheKeyAndForwardedToOrigin></CachePolicyConfig></CachePolicy>";

const ACCESS_CONTROL: &str = "<OriginAccessControlConfig><Name>image-processing</Name>\
    <SigningProtocol>sigv4</SigningProtocol><SigningBehavior>always</SigningBehavior>\
    <OriginAccessControlOriginType>lambda</OriginAccessControlOriginType></OriginAccessControlConfig>";

const HEADERS_POLICY: &str = "<ResponseHeadersPolicyConfig><Name>no tags</Name><CustomHeadersConfig>\
    <Quantity>1</Quantity><Items><ResponseHeadersPolicyCustomHeader><Header>X-Robots-Tag</Header><Value>noai</Value>\
    <Override>true</Override></ResponseHeadersPolicyCustomHeader></Items></CustomHeadersConfig>\
    <RemoveHeadersConfig><Quantity>1</Quantity><Items><ResponseHeadersPolicyRemoveHeader>\
    <Header>Image-Cache-Tag</Header></ResponseHeadersPolicyRemoveHeader></Items></RemoveHeadersConfig>\
    </ResponseHeadersPolicyConfig>";

const BUCKET: (&str, &str) = ("abc.lambda-url.eu-west-1.on.aws", "images.s3.eu-west-1.amazonaws.com");

/// Reads the distribution from a CloudFront API whose documents differ by these replacements.
async fn read(replacements: &[(&str, &str)]) -> Result<Distribution, String> {
    let replace = |document: &str| {
        let replace = |document: String, (from, to): &(&str, &str)| document.replace(from, to);
        let document = replacements.iter().fold(document.to_owned(), replace);
        get(async || document)
    };
    let api = Router::new()
        .route("/2020-05-31/distribution", replace(LIST))
        .route("/2020-05-31/distribution/E1/config", replace(DISTRIBUTION))
        .route("/2020-05-31/cache-policy/P1", replace(POLICY))
        .route("/2020-05-31/response-headers-policy/H1/config", replace(HEADERS_POLICY))
        .route("/2020-05-31/origin-access-control/O1/config", replace(ACCESS_CONTROL));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(format!("http://{}", listener.local_addr().unwrap()))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "a test"));
    tokio::spawn(async { axum::serve(listener, api).await.unwrap() });
    let read = super::read(&Client::from_conf(config.build())).await.map_err(|error| error.to_string())?;
    let [distribution] = <[_; 1]>::try_from(read).unwrap();
    Ok(distribution)
}

#[tokio::test]
async fn a_deployed_distribution_is_converted_with_its_configuration() {
    let expected = Distribution {
        id: "E1".to_owned(),
        domain_name: "d1.cloudfront.net".to_owned(),
        access: Access::Direct,
        aliases: vec!["acme.localhost".to_owned()],
        origin: Origin {
            domain_name: "abc.lambda-url.eu-west-1.on.aws".to_owned(),
            path: String::new(),
            custom_headers: vec![(HeaderName::from_static("x-image-tenant"), HeaderValue::from_static("acme"))],
            signing_region: Some("eu-west-1".to_owned()),
        },
        allowed_methods: vec![Method::GET, Method::HEAD, Method::OPTIONS],
        query_strings: QueryStrings::Only(vec!["location".to_owned()]),
        ttl: Ttl { min_secs: 1, default_secs: 60, max_secs: 31_536_000 },
        error_caching_min_ttl_secs: [(404, 3)].into_iter().collect(),
        cache_tag_header: Some(HeaderName::from_static("image-cache-tag")),
        response_headers: ResponseHeaders {
            remove: vec![HeaderName::from_static("image-cache-tag")],
            set: vec![CustomHeader {
                name: HeaderName::from_static("x-robots-tag"),
                value: HeaderValue::from_static("noai"),
                overrides_origin: true,
            }],
        },
    };
    assert_eq!(read(&[]).await, Ok(expected));
}

#[tokio::test]
async fn a_distribution_without_a_response_headers_policy_changes_no_header() {
    let read = read(&[("<ResponseHeadersPolicyId>H1</ResponseHeadersPolicyId>", "")]).await.unwrap();
    assert_eq!(read.response_headers, ResponseHeaders::default());
}

#[tokio::test]
async fn security_headers_of_a_policy_are_set() {
    const END: &str = "</ResponseHeadersPolicyConfig>";
    let headers = |config: &str| format!("<SecurityHeadersConfig>{config}</SecurityHeadersConfig>{END}");
    let hsts = "<StrictTransportSecurity><Override>true</Override>PARTS<AccessControlMaxAgeSec>60</AccessControlMaxAgeSec>\
                </StrictTransportSecurity>";
    for (config, name, value) in [
        ("<ContentTypeOptions><Override>true</Override></ContentTypeOptions>", "x-content-type-options", "nosniff"),
        (&hsts.replace("PARTS", ""), "strict-transport-security", "max-age=60"),
        (
            &hsts.replace("PARTS", "<IncludeSubdomains>true</IncludeSubdomains><Preload>true</Preload>"),
            "strict-transport-security",
            "max-age=60; includeSubDomains; preload",
        ),
    ] {
        let read = read(&[(END, &headers(config))]).await.unwrap();
        let set = read.response_headers.set.last().unwrap();
        assert_eq!((set.name.as_str(), set.value.to_str().unwrap(), set.overrides_origin), (name, value, true));
    }
    let framed = "<FrameOptions><Override>true</Override><FrameOption>DENY</FrameOption></FrameOptions>";
    let error = read(&[(END, &headers(framed))]).await.unwrap_err();
    assert!(error.contains("security headers other than HSTS and nosniff"), "{error}");
}

#[tokio::test]
async fn origin_requests_are_signed_only_if_the_access_control_requires_it() {
    for (replacements, expected) in [
        ([("<OriginAccessControlId>O1<", "<OriginAccessControlId><")].as_slice(), None),
        (&[BUCKET, ("Type>lambda<", "Type>s3<")], Some("eu-west-1")),
        (&[("<SigningBehavior>always<", "<SigningBehavior>never<")], None),
    ] {
        let origin = read(replacements).await.unwrap().origin;
        assert_eq!(origin.signing_region.as_deref(), expected, "{replacements:?}");
    }
}

#[tokio::test]
async fn an_unsupported_feature_is_rejected_and_named() {
    for (replacement, feature) in [
        (BUCKET, "origin access control of another type than its origin"),
        (("<HeaderBehavior>none<", "<HeaderBehavior>whitelist<"), "headers or cookies in its cache key"),
        (("Behaviors><Quantity>0", "Behaviors><Quantity>1"), "cache behaviors besides the default one"),
        (("<Origin><Id>image-", "<Origin><Id>other-"), "a default cache behavior without a single origin"),
        (
            (
                "<Name>no tags</Name>",
                "<Name>no tags</Name><ServerTimingHeadersConfig><Enabled>true</Enabled></ServerTimingHeadersConfig>",
            ),
            "CORS or server timing headers in its response headers policy",
        ),
        (("X-Robots-Tag", "X Robots"), "a header that is not valid HTTP in its response headers policy"),
    ] {
        let expected = format!("distribution E1 uses {feature}, which this emulator does not support");
        assert_eq!(read(&[replacement]).await, Err(expected));
    }
}
