//! Multi-tenant mode: one distribution, and a distribution tenant for each tenant in the stack of its shard.

use std::process::Command;

use serde_json::{Value, json};

use crate::environments::{folder, multi_tenant, of_the_repository};
use crate::permissions::{check, granted};
use crate::stack::Stack;
use crate::synthesis::{Synthesis, root};

const HOST: &str = "acme.image-service.eu-west-1.dev.vmnd.tv";

fn shared() -> &'static Stack {
    multi_tenant().stack("many/distribution")
}

/// The stack of the shard that has acme.
fn shard() -> &'static Stack {
    multi_tenant().stack("many/tenants-15")
}

/// The configuration of a distribution without the properties `differing`.
fn config(stack: &Stack, differing: &[&str]) -> Value {
    let mut config = stack.only("AWS::CloudFront::Distribution").properties["DistributionConfig"].clone();
    let origin = config["Origins"][0].as_object_mut().unwrap();
    for name in ["Id", "DomainName", "OriginAccessControlId", "OriginPath", "OriginCustomHeaders"] {
        origin.shift_remove(name);
    }
    let behavior = config["DefaultCacheBehavior"].as_object_mut().unwrap();
    for name in ["TargetOriginId", "CachePolicyId", "ResponseHeadersPolicyId", "FunctionAssociations"] {
        behavior.shift_remove(name);
    }
    for name in differing {
        config.as_object_mut().unwrap().shift_remove(*name);
    }
    config
}

#[test]
fn the_multi_tenant_distribution_is_like_a_tenants_own_but_for_the_tenant() {
    // CloudFront rejects aliases and IPv6 of a multi-tenant distribution.
    let own = config(of_the_repository().stack("dev/tenant-acme"), &["Aliases", "IPV6Enabled", "Comment"]);
    assert_eq!(config(shared(), &["ConnectionMode", "TenantConfig", "Comment"]), own);
    let config = &shared().only("AWS::CloudFront::Distribution").properties["DistributionConfig"];
    assert_eq!(config["ConnectionMode"], "tenant-only");
    let definitions = json!([{"Name": "tenant", "Definition": {"StringSchema": {"Required": true}}}]);
    assert_eq!(config["TenantConfig"]["ParameterDefinitions"], definitions);
    let origin = &config["Origins"][0];
    assert_eq!(origin["OriginPath"], "/t/{{tenant}}");
    assert_eq!(origin["OriginCustomHeaders"], Value::Null);
}

#[test]
fn every_host_name_leads_to_the_connection_group() {
    let group = shared().only("AWS::CloudFront::ConnectionGroup");
    assert_eq!(group.properties["Ipv6Enabled"], true);
    let record = shared().only("AWS::Route53::RecordSet").properties;
    assert_eq!((&record["Type"], &record["Name"]), (&json!("CNAME"), &json!("*.image-service.eu-west-1.dev.vmnd.tv.")));
    assert_eq!(shared().text(&record["ResourceRecords"][0]), format!("{}.RoutingEndpoint", shared().local(group.id)));
}

#[test]
fn a_tenant_is_a_distribution_tenant_and_its_registration() {
    let kinds: Vec<_> = shard().resources().map(|resource| resource.kind).collect();
    assert_eq!(kinds, ["AWS::CloudFront::DistributionTenant", "AWS::SSM::Parameter"]);
    let tenant = shard().only("AWS::CloudFront::DistributionTenant");
    assert_eq!(shard().text(&tenant.properties["DistributionId"]), "distribution/Distribution");
    assert_eq!(shard().text(&tenant.properties["ConnectionGroupId"]), "distribution/ConnectionGroup.Id");
    assert_eq!(tenant.properties["Domains"], json!([HOST]));
    assert_eq!(tenant.properties["Name"], "many-lof-images-acme");
    assert_eq!(tenant.properties["Parameters"], json!([{"Name": "tenant", "Value": "acme"}]));
    let tags = [("image-service-environment", "many"), ("image-service-tenant", "acme")];
    assert_eq!(tenant.properties["Tags"], json!(tags.map(|(key, value)| json!({"Key": key, "Value": value}))));

    let parameter = shard().only("AWS::SSM::Parameter").properties;
    assert_eq!(parameter["Name"], "/many-lof/images/tenants/acme");
    assert_eq!(parameter["Tier"], "Intelligent-Tiering");
    let id = format!("{}.Id", shard().local(tenant.id));
    let value =
        format!(r#"{{"distributionId":"distribution/Distribution","distributionTenantId":"{id}","cacheTags":true}}"#);
    assert_eq!(shard().text(&parameter["Value"]), value);
}

#[test]
fn a_new_tenant_changes_the_stack_of_its_shard_only() {
    let more = [
        ("mode = \"distribution-per-tenant\"", "mode = \"multi-tenant\""),
        ("[tenants.globex]", "[tenants.globex]\n[tenants.initech]"),
    ];
    let more = Synthesis::of("more-tenants", &folder("more-tenants", &[("many", &more)])).unwrap();
    let changed: Vec<_> = more
        .stacks()
        .filter(|stack| {
            let before = multi_tenant().stacks().find(|before| before.path == stack.path);
            before.is_none_or(|before| before.template != stack.template)
        })
        .map(|stack| stack.path.as_str())
        .collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert_eq!(multi_tenant().stacks().count() + 1, more.stacks().count());
}

#[test]
fn purging_functions_may_invalidate_the_environments_distribution_tenants_and_no_distribution() {
    let edits = [
        ("dev-lof", "many-lof"),
        ("environment=dev", "environment=many"),
        ("cloudfront:CreateInvalidation ", "cloudfront:CreateInvalidationForDistributionTenant "),
        ("cloudfront:GetInvalidation ", "cloudfront:GetInvalidationForDistributionTenant "),
        (":distribution/*", ":distribution-tenant/*"),
    ];
    let edited = |text: String| edits.iter().fold(text, |text, (ours, theirs)| text.replace(ours, theirs));
    let grants = granted(of_the_repository(), "dev").into_iter().map(edited);
    check(grants, granted(multi_tenant(), "many"));
}

#[test]
fn image_processing_takes_the_tenant_from_the_only_place_that_cloudfront_sets() {
    for (stack, source) in
        [(of_the_repository().stack("dev/pipeline"), "header"), (multi_tenant().stack("many/pipeline"), "path")]
    {
        let function = stack.named("AWS::Lambda::Function", "ImageProcessing").properties;
        assert_eq!(function["Environment"]["Variables"]["TENANT_SOURCE"], source);
    }
}

#[test]
fn the_function_at_the_edge_lets_pass_the_paths_of_images_only() {
    let function = shared().only("AWS::CloudFront::Function");
    let associations = &shared().only("AWS::CloudFront::Distribution").properties["DistributionConfig"]["DefaultCacheBehavior"]
        ["FunctionAssociations"];
    assert_eq!(associations[0]["EventType"], "viewer-request");
    assert_eq!(shared().text(&associations[0]["FunctionARN"]), format!("{}.FunctionARN", shared().local(function.id)));
    let paths = [
        ("/api/v2/img/cat", true),
        ("/api/v2/img/550e8400-e29b-41d4-a716-446655440000-v2", true),
        ("/api/v2/img/a.b_c-", true),
        ("/t/globex/api/v2/img/cat", false),
        ("/../globex/api/v2/img/cat", false),
        ("/api/v2/img/../../../../globex/api/v2/img/cat", false),
        ("/%2e%2e/globex/api/v2/img/cat", false),
        ("/api/v2/img/%2e%2e%2fcat", false),
        ("/api/v2/img/..", false),
        ("/api/v2/img/cat/", false),
        ("/api/v2/img/cat\n", false),
        ("/api/v2/img/", false),
        ("/", false),
    ];
    let code = function.properties["FunctionCode"].as_str().unwrap();
    let script = format!(
        "{code}\nconst results = {}.map(uri => {{ const result = handler({{request: {{uri}}}}); return result.uri === uri || \
         result.statusCode; }});\nconsole.log(JSON.stringify(results));",
        json!(paths.map(|(path, _)| path))
    );
    let output = Command::new("node").arg("--eval").arg(script).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results, json!(paths.map(|(_, passes)| if passes { json!(true) } else { json!(404) })));
}
