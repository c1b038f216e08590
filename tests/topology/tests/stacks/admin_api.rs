//! The admin's API: one route, and who gets through to it.

use std::collections::BTreeMap;

use serde_json::json;

use crate::environments::{edited, of_the_repository};
use crate::stack::Stack;

fn dev() -> &'static Stack {
    of_the_repository().stack("dev/pipeline")
}

fn other() -> &'static Stack {
    edited().stack("other/pipeline")
}

#[test]
fn the_api_has_one_route_and_it_calls_image_purge() {
    let route = dev().only("AWS::ApiGatewayV2::Route").properties;
    assert_eq!(route["RouteKey"], "DELETE /images/{tenant}/{imagePackId}");
    let integration = dev().only("AWS::ApiGatewayV2::Integration");
    assert_eq!(dev().text(&route["Target"]), format!("integrations/{}", dev().local(integration.id)));
    assert_eq!(dev().text(&integration.properties["IntegrationUri"]), "pipeline/ImagePurge.Arn");
    assert_eq!(integration.properties["PayloadFormatVersion"], "2.0");
}

#[test]
fn the_stage_puts_the_environment_into_the_path() {
    for (stack, name) in [(dev(), "dev-lof"), (other(), "other-lof")] {
        let stage = stack.only("AWS::ApiGatewayV2::Stage").properties;
        assert_eq!(stage["StageName"], name);
        assert_eq!(stage["AutoDeploy"], true);
        assert_eq!(stack.text(&stage["ApiId"]), "pipeline/AdminApi");
    }
}

#[test]
fn a_token_must_be_of_the_issuer_for_the_audience_and_with_the_scope() {
    let environments = [
        (dev(), "https://login.vmnd.tv/", "image-service-admin", "images:purge"),
        (other(), "https://issuer.example.com", "other-audience", "other:scope"),
    ];
    for (stack, issuer, audience, scope) in environments {
        let authorizer = stack.only("AWS::ApiGatewayV2::Authorizer");
        assert_eq!(authorizer.properties["AuthorizerType"], "JWT");
        assert_eq!(authorizer.properties["IdentitySource"], json!(["$request.header.Authorization"]));
        let token = json!({"Audience": [audience], "Issuer": issuer});
        assert_eq!(authorizer.properties["JwtConfiguration"], token);
        let route = stack.only("AWS::ApiGatewayV2::Route").properties;
        assert_eq!(route["AuthorizationType"], "JWT");
        assert_eq!(stack.text(&route["AuthorizerId"]), stack.local(authorizer.id));
        // Without a scope, a token that only says who somebody is would do.
        assert_eq!(route["AuthorizationScopes"], json!([scope]));
    }
}

#[test]
fn the_api_is_throttled() {
    let settings = &dev().only("AWS::ApiGatewayV2::Stage").properties["DefaultRouteSettings"];
    assert_eq!(*settings, json!({"ThrottlingBurstLimit": 40, "ThrottlingRateLimit": 20}));
}

#[test]
fn the_unified_apis_domain_leads_to_the_stage_if_it_is_configured() {
    let mapping = dev().only("AWS::ApiGatewayV2::ApiMapping").properties;
    assert_eq!(mapping["DomainName"], "manage.api.eu-west-1.vmnd.tv");
    assert_eq!(mapping["ApiMappingKey"], "dev-lof");
    assert_eq!(mapping["Stage"], "dev-lof");
    assert_eq!(dev().text(&mapping["ApiId"]), "pipeline/AdminApi");
    assert_eq!(other().all("AWS::ApiGatewayV2::ApiMapping").count(), 0);
}

#[test]
fn programs_find_the_api_and_the_dead_letters_in_the_outputs() {
    let api = "https://pipeline/AdminApi.execute-api.eu-west-1.amazonaws.com/dev-lof";
    let expected = [("AdminApiUrl", api), ("DeadLetterQueueUrl", "pipeline/DeadLetters")];
    assert_eq!(dev().outputs(), BTreeMap::from(expected.map(|(name, value)| (name, value.to_owned()))));
}
