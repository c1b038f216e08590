//! The longest names that an environment's file allows, against AWS's limits of names, comments and descriptions.

use serde_json::Value;

use crate::environments::folder;
use crate::synthesis::Synthesis;

/// Texts of a kind of resource, by their pointers, and the longest that AWS accepts.
const LIMITS: [(&str, &str, usize); 20] = [
    ("AWS::ApiGatewayV2::Api", "/Name", 128),
    ("AWS::ApiGatewayV2::Api", "/Description", 1_024),
    ("AWS::ApiGatewayV2::ApiMapping", "/ApiMappingKey", 300),
    ("AWS::ApiGatewayV2::Stage", "/StageName", 128),
    ("AWS::CloudFront::CachePolicy", "/CachePolicyConfig/Name", 128),
    ("AWS::CloudFront::ConnectionGroup", "/Name", 128),
    ("AWS::CloudFront::Distribution", "/DistributionConfig/Aliases/0", 253),
    ("AWS::CloudFront::Distribution", "/DistributionConfig/Comment", 128),
    ("AWS::CloudFront::Distribution", "/DistributionConfig/Origins/0/Id", 128),
    ("AWS::CloudFront::DistributionTenant", "/Domains/0", 253),
    ("AWS::CloudFront::DistributionTenant", "/Name", 128),
    ("AWS::CloudFront::OriginAccessControl", "/OriginAccessControlConfig/Name", 64),
    ("AWS::CloudFront::ResponseHeadersPolicy", "/ResponseHeadersPolicyConfig/Name", 128),
    ("AWS::CloudFront::ResponseHeadersPolicy", "/ResponseHeadersPolicyConfig/Comment", 128),
    ("AWS::CloudWatch::Alarm", "/AlarmDescription", 1_024),
    ("AWS::IAM::Role", "/Description", 1_000),
    ("AWS::Lambda::Function", "/Description", 256),
    ("AWS::SSM::Parameter", "/Name", 1_011),
    ("AWS::SSM::Parameter", "/Description", 1_024),
    ("AWS::Scheduler::Schedule", "/Description", 512),
];

#[test]
fn the_longest_configuration_is_within_the_limits_of_aws() {
    let (environment, tenant) = ("e".repeat(32), "t".repeat(63));
    // 189 characters.
    let domain = format!("{0}.{0}.{1}", "d".repeat(63), "x".repeat(61));
    assert_eq!(domain.len(), 189);
    let edits = [
        ("domain = \"image-service.eu-west-1.dev.vmnd.tv\"".to_owned(), format!("domain = {domain:?}")),
        ("hosted_zone_name = \"dev.vmnd.tv\"".to_owned(), format!("hosted_zone_name = {domain:?}")),
        ("domain = \"manage.api.eu-west-1.vmnd.tv\"".to_owned(), format!("domain = {domain:?}")),
        ("[tenants.globex]".to_owned(), format!("[tenants.globex]\n[tenants.{tenant}]")),
    ];
    let edits: Vec<_> = edits.iter().map(|(line, edited)| (line.as_str(), edited.as_str())).collect();
    let mode = ("mode = \"distribution-per-tenant\"", "mode = \"multi-tenant\"");
    let multi_tenant: Vec<_> = edits.iter().copied().chain([mode]).collect();
    let many = "m".repeat(32);
    let environments = [(environment.as_str(), edits.as_slice()), (many.as_str(), multi_tenant.as_slice())];
    let synthesis = Synthesis::of("longest", &folder("longest", &environments)).unwrap();
    let mut found = 0;
    for stack in synthesis.stacks() {
        assert!(stack.name.len() <= 128, "{}", stack.name);
        assert!(stack.template["Description"].as_str().unwrap().len() <= 1_024, "{}", stack.name);
        for (kind, pointer, longest) in LIMITS {
            for resource in stack.all(kind) {
                let Some(text) = resource.properties.pointer(pointer).and_then(Value::as_str) else { continue };
                assert!(text.len() <= longest, "{}: {pointer} has {} of {longest}: {text}", stack.path, text.len());
                found += 1;
            }
        }
    }
    assert!(found > LIMITS.len(), "{found} texts");
    assert!(synthesis.stack(&format!("{environment}/tenant-{tenant}")).name.len() > 100);
}
