//! An environment with existing resources: the stacks do not create them, and the pipeline uses them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::environments::existing;
use crate::stack::Stack;

const TABLE_ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/legacy-packs";
const API: &str = "a1b2c3d4e5";

fn data() -> &'static Stack {
    existing().stack("existing/data")
}

fn pipeline() -> &'static Stack {
    existing().stack("existing/pipeline")
}

/// The kinds of a stack's resources.
fn kinds(stack: &Stack) -> BTreeSet<&str> {
    stack.resources().map(|resource| resource.kind).collect()
}

#[test]
fn the_data_stack_creates_the_queue_the_ledger_and_the_render_locks_only() {
    let made: BTreeSet<_> = data().resources().map(|resource| data().local(resource.id)).collect();
    let expected = ["data/InvalidationQueue", "data/PurgeLedger", "data/RenderLocks"];
    assert_eq!(made, BTreeSet::from(expected.map(ToOwned::to_owned)));
}

#[test]
fn the_outputs_name_existing_resources_like_new_ones() {
    let expected = [
        ("ImagePackTable", "legacy-packs"),
        ("InvalidationQueueTable", "data/InvalidationQueue"),
        ("OriginalsBucket", "legacy-originals"),
        ("PurgeLedgerTable", "data/PurgeLedger"),
        ("VariantsBucket", "legacy-variants"),
    ];
    assert_eq!(data().outputs(), BTreeMap::from(expected.map(|(name, value)| (name, value.to_owned()))));
    let api = format!("https://{API}.execute-api.eu-west-1.amazonaws.com/manage");
    assert_eq!(pipeline().outputs()["AdminApiUrl"], api);
}

#[test]
fn the_tables_own_stream_starts_the_pipeline() {
    let mapping = pipeline().only("AWS::Lambda::EventSourceMapping").properties;
    assert_eq!(mapping["EventSourceArn"], format!("{TABLE_ARN}/stream/2026-01-01T00:00:00.000"));
}

#[test]
fn functions_get_the_names_of_existing_resources() {
    let names = r#"{"tenant":"customer","entity":"record","imageLocations":"imageLocations","mainImageLocation":"mainImageLocation","generation":"generation","revision":"revision","updatedAt":"updatedAt","updatedBy":"updatedBy","assetId":"assetId","title":"title"}"#;
    let variables = [
        ("IMAGE_PACK_TABLE", "legacy-packs"),
        ("IMAGE_PACK_ATTRIBUTES", names),
        ("TENANTS_WITH_EXISTING_DISTRIBUTION", "[\"acme\"]"),
        ("ORIGINALS_BUCKET", "legacy-originals"),
        ("VARIANTS_BUCKET", "legacy-variants"),
    ];
    let mut set = BTreeSet::new();
    for function in pipeline().all("AWS::Lambda::Function") {
        for (variable, expected) in variables {
            let value = &function.properties["Environment"]["Variables"][variable];
            if *value != Value::Null {
                assert_eq!(pipeline().text(value), expected, "{}: {variable}", function.id);
                set.insert(variable);
            }
        }
    }
    assert_eq!(set, BTreeSet::from(variables.map(|(variable, _)| variable)));
}

#[test]
fn the_routes_are_added_to_the_api_that_has_its_own_stage_and_domain() {
    for kind in ["AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::Stage", "AWS::ApiGatewayV2::ApiMapping"] {
        assert!(!kinds(pipeline()).contains(kind), "{kind}");
    }
    for (environment, authorizers) in [("existing", 0), ("jwt", 0), ("own", 1)] {
        let pipeline = existing().stack(&format!("{environment}/pipeline"));
        for (kind, count) in [("Route", 18), ("Integration", 2), ("Authorizer", authorizers)] {
            let kind = format!("AWS::ApiGatewayV2::{kind}");
            let apis: Vec<_> = pipeline.all(&kind).map(|resource| &resource.properties["ApiId"]).collect();
            assert_eq!(apis, vec![API; count], "{environment}: {kind}");
        }
    }
}

#[test]
fn the_platforms_own_authorizer_is_used_and_somebody_checks_the_scopes() {
    let lambda =
        r#"{"type":"lambda","tenantKey":"tenants","scopeKey":"scope","subjectKey":"sub","scope":"images:purge"}"#;
    let jwt = r#"{"type":"jwt","tenantClaim":"tenants"}"#;
    for (environment, kind, id, scopes, variable) in
        [("existing", "CUSTOM", "x1y2z3", Value::Null, lambda), ("jwt", "JWT", "j1", json!(["images:purge"]), jwt)]
    {
        let pipeline = existing().stack(&format!("{environment}/pipeline"));
        let purge = pipeline
            .all("AWS::ApiGatewayV2::Route")
            .find(|route| route.properties["RouteKey"].as_str().unwrap().starts_with("DELETE /images/"))
            .unwrap();
        assert_eq!(purge.properties["AuthorizationType"], kind);
        assert_eq!(purge.properties["AuthorizerId"], id);
        assert_eq!(purge.properties["AuthorizationScopes"], scopes);
        let function = pipeline.named("AWS::Lambda::Function", "ImagePurge");
        assert_eq!(function.properties["Environment"]["Variables"]["AUTHORIZER"], variable);
    }
}

#[test]
fn the_api_may_call_the_two_handlers_and_no_more_of_it_than_their_routes() {
    let permissions = pipeline().all("AWS::Lambda::Permission");
    let sources: BTreeSet<_> =
        permissions.map(|permission| pipeline().text(&permission.properties["SourceArn"])).collect();
    // The owner's API may have an OpenAPI document of its own.
    let routes = ["adminAPI/*", "images/{tenant}/{imagePackId}", "purges/{tenant}"];
    let routes = routes.map(|route| format!("arn:aws:execute-api:eu-west-1:123456789012:{API}/*/*/{route}"));
    let distributions = "arn:aws:cloudfront::123456789012:distribution/*".to_owned();
    assert_eq!(sources, routes.into_iter().chain([distributions]).collect());
}

#[test]
fn an_existing_distribution_is_registered_and_may_be_purged_by_its_paths() {
    let acme = existing().stack("existing/tenant-acme");
    assert_eq!(kinds(acme), BTreeSet::from(["AWS::IAM::Policy", "AWS::SSM::Parameter"]));
    let parameter = acme.only("AWS::SSM::Parameter").properties;
    assert_eq!(parameter["Name"], "/existing-lof/images/tenants/acme");
    assert_eq!(parameter["Value"], r#"{"distributionId":"E1ABCDEF2GHIJK","cacheTags":false}"#);
    let statements = &acme.only("AWS::IAM::Policy").properties["PolicyDocument"]["Statement"];
    assert_eq!(statements[0]["Action"], json!(["cloudfront:CreateInvalidation", "cloudfront:GetInvalidation"]));
    let arn = "arn:aws:cloudfront::123456789012:distribution/E1ABCDEF2GHIJK";
    assert_eq!(acme.text(&statements[0]["Resource"]), arn);
    assert_eq!(acme.outputs()["DistributionId"], "E1ABCDEF2GHIJK");
}

#[test]
fn a_tenant_without_an_existing_distribution_gets_a_new_one() {
    assert_eq!(existing().stack("existing/tenant-globex").all("AWS::CloudFront::Distribution").count(), 1);
}
