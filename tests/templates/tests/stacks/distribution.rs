//! A tenant's distribution: host names, caching, origin, and the grant to purge it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::environments::{edited, of_the_repository};
use crate::stack::Stack;

fn acme() -> &'static Stack {
    of_the_repository().stack("dev/tenant-acme")
}

/// Another tenant in an environment with other values.
fn other() -> &'static Stack {
    edited().stack("other/tenant-globex")
}

/// The edge stacks of [`acme`] and [`other`].
fn edge() -> &'static Stack {
    of_the_repository().stack("dev/edge-1")
}

fn other_edge() -> &'static Stack {
    edited().stack("other/edge-2")
}

fn distribution(stack: &Stack) -> &Value {
    &stack.only("AWS::CloudFront::Distribution").properties["DistributionConfig"]
}

#[test]
fn viewers_reach_it_by_the_tenants_host_name_over_https() {
    for (stack, host) in [(acme(), "acme.image-service.eu-west-1.dev.vmnd.tv"), (other(), "globex.images.example.com")]
    {
        let distribution = distribution(stack);
        assert_eq!(distribution["Aliases"], json!([host]));
        assert_eq!(distribution["Enabled"], true);
        assert_eq!(distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"], "redirect-to-https");
        assert_eq!(distribution["ViewerCertificate"]["MinimumProtocolVersion"], "TLSv1.2_2025");
        let mut records = Vec::new();
        for record in stack.all("AWS::Route53::RecordSet") {
            assert_eq!(record.properties["Name"], format!("{host}."));
            let target = &record.properties["AliasTarget"]["DNSName"];
            assert_eq!(stack.text(target), format!("{}.DomainName", stack.local("Distribution")));
            records.push(record.properties["Type"].as_str().unwrap());
        }
        assert_eq!(records, ["A", "AAAA"]);
    }
}

#[test]
fn it_caches_by_path_location_and_date_and_by_nothing_else() {
    let policy = edge().only("AWS::CloudFront::CachePolicy");
    let key = &policy.properties["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"];
    let query = json!({"QueryStringBehavior": "whitelist", "QueryStrings": ["location", "date"]});
    assert_eq!(key["QueryStringsConfig"], query);
    assert_eq!(key["CookiesConfig"], json!({"CookieBehavior": "none"}));
    let behavior = &distribution(acme())["DefaultCacheBehavior"];
    assert_eq!(acme().text(&behavior["CachePolicyId"]), edge().local(policy.id));
    // The `Cache-Control` of image-processing decides; without it, a response is not cached.
    assert_eq!(policy.properties["CachePolicyConfig"]["MinTTL"], 0);
    assert_eq!(policy.properties["CachePolicyConfig"]["DefaultTTL"], 0);
    for another in ["CacheBehaviors", "OriginGroups"] {
        assert_eq!(distribution(acme())[another], Value::Null);
    }
}

#[test]
fn it_keeps_an_image_for_the_configured_days_at_most() {
    for (stack, days) in [(edge(), 30), (other_edge(), 7)] {
        let policy = stack.only("AWS::CloudFront::CachePolicy");
        assert_eq!(policy.properties["CachePolicyConfig"]["MaxTTL"], days * 24 * 60 * 60);
    }
}

#[test]
fn its_cache_key_has_no_header_so_image_processing_must_not_negotiate_by_accept() {
    for (stack, edge) in [(acme(), edge()), (other(), other_edge())] {
        let policy = edge.only("AWS::CloudFront::CachePolicy");
        let key = &policy.properties["CachePolicyConfig"]["ParametersInCacheKeyAndForwardedToOrigin"];
        assert_eq!(key["HeadersConfig"], json!({"HeaderBehavior": "none"}));
        for encoding in ["EnableAcceptEncodingBrotli", "EnableAcceptEncodingGzip"] {
            assert_ne!(key[encoding], true, "{encoding}");
        }
        // The distribution forwards no header either.
        assert_eq!(distribution(stack)["DefaultCacheBehavior"]["OriginRequestPolicyId"], Value::Null);
    }
}

#[test]
fn an_error_response_is_not_cached_by_default() {
    let failures = distribution(acme())["CustomErrorResponses"].as_array().unwrap();
    let codes: Vec<_> = failures.iter().map(|failure| failure["ErrorCode"].as_u64().unwrap()).collect();
    // Every status that CloudFront caches without `max-age` or `s-maxage`.
    assert_eq!(codes, [404, 405, 414, 500, 501, 502, 503, 504]);
    for failure in failures {
        assert_eq!(failure["ErrorCachingMinTTL"], 0, "{failure}");
        assert_eq!(failure["ResponseCode"], Value::Null, "{failure}");
    }
}

#[test]
fn viewers_may_only_read() {
    // CloudFront allows GET and HEAD by default.
    assert_eq!(distribution(acme())["DefaultCacheBehavior"]["AllowedMethods"], Value::Null);
}

#[test]
fn it_reads_cache_tags_and_hides_them_from_viewers() {
    for (stack, edge, header) in [(acme(), edge(), "image-cache-tag"), (other(), other_edge(), "x-tags")] {
        assert_eq!(distribution(stack)["CacheTagConfig"], json!({"HeaderName": header}));
        let policy = edge.only("AWS::CloudFront::ResponseHeadersPolicy");
        let removed = &policy.properties["ResponseHeadersPolicyConfig"]["RemoveHeadersConfig"]["Items"];
        assert_eq!(*removed, json!([{"Header": header}]));
        let behavior = &distribution(stack)["DefaultCacheBehavior"];
        assert_eq!(stack.text(&behavior["ResponseHeadersPolicyId"]), edge.local(policy.id));
    }
}

#[test]
fn browsers_use_https_do_not_guess_types_and_may_show_images_on_any_page() {
    let config = &edge().only("AWS::CloudFront::ResponseHeadersPolicy").properties["ResponseHeadersPolicyConfig"];
    let security = json!({
        "ContentTypeOptions": {"Override": true},
        "StrictTransportSecurity": {"AccessControlMaxAgeSec": 365 * 24 * 60 * 60, "Override": true},
    });
    assert_eq!(config["SecurityHeadersConfig"], security);
    let own = json!([{"Header": "cross-origin-resource-policy", "Override": true, "Value": "cross-origin"}]);
    assert_eq!(config["CustomHeadersConfig"]["Items"], own);
}

#[test]
fn its_one_origin_is_image_processing_and_the_origin_header_names_the_tenant() {
    for (stack, tenant) in [(acme(), "acme"), (other(), "globex")] {
        let origins = distribution(stack)["Origins"].as_array().unwrap();
        assert_eq!(origins.len(), 1);
        let headers = json!([{"HeaderName": "x-image-tenant", "HeaderValue": tenant}]);
        assert_eq!(origins[0]["OriginCustomHeaders"], headers);
        assert_eq!(origins[0]["CustomOriginConfig"]["OriginProtocolPolicy"], "https-only");
        let host = "the host of pipeline/ImageProcessingLiveFunctionUrl.FunctionUrl";
        assert_eq!(stack.text(&origins[0]["DomainName"]), host);
    }
}

#[test]
fn only_signed_requests_reach_image_processing() {
    let url = of_the_repository().stack("dev/pipeline").only("AWS::Lambda::Url").properties;
    assert_eq!(url["AuthType"], "AWS_IAM");
    let control = edge().only("AWS::CloudFront::OriginAccessControl");
    let config = &control.properties["OriginAccessControlConfig"];
    assert_eq!(config["OriginAccessControlOriginType"], "lambda");
    assert_eq!(config["SigningBehavior"], "always");
    assert_eq!(config["SigningProtocol"], "sigv4");
    let signed_by = &distribution(acme())["Origins"][0]["OriginAccessControlId"];
    assert_eq!(acme().text(signed_by), format!("{}.Id", edge().local(control.id)));
}

#[test]
fn purging_handlers_find_it_in_the_registry() {
    let tenants = [
        (acme(), "/dev-lof/images/tenants/acme", r#"{"distributionId":"tenant-acme/Distribution","cacheTags":true}"#),
        (
            other(),
            "/other-lof/images/tenants/globex",
            r#"{"distributionId":"tenant-globex/Distribution","cacheTags":true}"#,
        ),
    ];
    for (stack, name, value) in tenants {
        let parameter = stack.only("AWS::SSM::Parameter").properties;
        assert_eq!(parameter["Name"], name);
        assert_eq!(parameter["Type"], "String");
        assert_eq!(stack.text(&parameter["Value"]), value);
    }
}

#[test]
fn its_tag_permits_purging_handlers_to_invalidate_it() {
    for (stack, environment) in [(acme(), "dev"), (other(), "other")] {
        let tags = &stack.only("AWS::CloudFront::Distribution").properties["Tags"];
        let tenant = stack.path.rsplit('-').next().unwrap();
        let expected = [("image-service-environment", environment), ("image-service-tenant", tenant)];
        assert_eq!(*tags, json!(expected.map(|(key, value)| json!({"Key": key, "Value": value}))));
        assert_eq!(stack.all("AWS::IAM::Policy").count(), 0);
    }
}

#[test]
fn cloudfront_waits_a_second_longer_than_image_processing_takes() {
    for (stack, pipeline, secs) in
        [(acme(), of_the_repository().stack("dev/pipeline"), 15), (other(), edited().stack("other/pipeline"), 20)]
    {
        assert_eq!(distribution(stack)["Origins"][0]["CustomOriginConfig"]["OriginReadTimeout"], secs + 1);
        assert_eq!(pipeline.named("AWS::Lambda::Function", "ImageProcessing").properties["Timeout"], secs);
    }
}

#[test]
fn the_outputs_name_the_distribution_and_its_url() {
    let url = "https://acme.image-service.eu-west-1.dev.vmnd.tv/api/v2/img/";
    let expected = [("DistributionId", "tenant-acme/Distribution"), ("ViewerUrl", url)];
    assert_eq!(acme().outputs(), BTreeMap::from(expected.map(|(name, value)| (name, value.to_owned()))));
}
