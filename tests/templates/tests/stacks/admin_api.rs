//! The API of admins and editors: its routes, their functions and their authorization.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use crate::environments::{edited, of_the_repository};
use crate::stack::Stack;
use crate::synthesis::root;

/// The requests of docs/purge-api.md.
const PURGES: [&str; 5] = [
    "DELETE /images/{tenant}/{imagePackId}",
    "GET /images/{tenant}/{imagePackId}",
    "GET /openapi.json",
    "GET /purges/{tenant}",
    "POST /purges/{tenant}",
];

fn dev() -> &'static Stack {
    of_the_repository().stack("dev/pipeline")
}

fn other() -> &'static Stack {
    edited().stack("other/pipeline")
}

/// The stack's routes by their route key.
fn routes(stack: &Stack) -> BTreeMap<&str, &Value> {
    let routes = stack.all("AWS::ApiGatewayV2::Route");
    routes.map(|route| (route.properties["RouteKey"].as_str().unwrap(), route.properties)).collect()
}

/// The requests in the tables of docs/management-api.md, as routes.
fn documented() -> BTreeSet<String> {
    let document = fs::read_to_string(root().join("docs/management-api.md")).unwrap();
    let requests = document.lines().filter_map(|line| line.strip_prefix("| `")?.split(['`', '?']).next());
    let routes = requests.map(|request| {
        let (method, path) = request.split_once(' ').unwrap();
        let path = path.replace("imagePacks/<id>", "imagePacks/{imagePackId}");
        let path = path.replace("imageLocations/<name>", "imageLocations/{location}");
        format!("{method} /adminAPI{}", path.replace('<', "{").replace('>', "}"))
    });
    routes.collect()
}

#[test]
fn every_request_of_the_document_has_a_route_and_every_route_is_documented() {
    let found = routes(dev()).into_keys().filter(|key| !PURGES.contains(key)).map(ToOwned::to_owned);
    assert_eq!(found.collect::<BTreeSet<_>>(), documented());
    assert_eq!(documented().len(), 14);
}

#[test]
fn a_purge_calls_image_purge_and_everything_else_image_management() {
    let integrations = dev().all("AWS::ApiGatewayV2::Integration").map(|integration| {
        assert_eq!(integration.properties["PayloadFormatVersion"], "2.0");
        let target = format!("integrations/{}", dev().local(integration.id));
        (target, dev().text(&integration.properties["IntegrationUri"]))
    });
    let integrations: BTreeMap<_, _> = integrations.collect();
    for (key, route) in routes(dev()) {
        let expected = if PURGES.contains(&key) { "pipeline/ImagePurgeLive" } else { "pipeline/ImageManagementLive" };
        assert_eq!(integrations[&dev().text(&route["Target"])], expected, "{key}");
    }
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
fn a_token_must_be_of_the_issuer_for_the_audience_and_with_the_routes_scope() {
    let environments = [
        (dev(), "https://login.vmnd.tv/", "image-service-admin", "images:purge", "images:manage"),
        (other(), "https://issuer.example.com", "other-audience", "other:scope", "other:manage"),
    ];
    for (stack, issuer, audience, purge_scope, management_scope) in environments {
        let authorizer = stack.only("AWS::ApiGatewayV2::Authorizer");
        assert_eq!(authorizer.properties["AuthorizerType"], "JWT");
        assert_eq!(authorizer.properties["IdentitySource"], json!(["$request.header.Authorization"]));
        let token = json!({"Audience": [audience], "Issuer": issuer});
        assert_eq!(authorizer.properties["JwtConfiguration"], token);
        for (key, route) in routes(stack) {
            assert_eq!(route["AuthorizationType"], "JWT", "{key}");
            assert_eq!(stack.text(&route["AuthorizerId"]), stack.local(authorizer.id), "{key}");
            // Without a scope, the API would accept a token that only identifies its bearer.
            let scope = if PURGES.contains(&key) { purge_scope } else { management_scope };
            assert_eq!(route["AuthorizationScopes"], json!([scope]), "{key}");
        }
    }
}

#[test]
fn the_api_is_throttled_as_configured() {
    for (stack, rate, burst) in [(dev(), 20, 40), (other(), 50, 75)] {
        let throttling = &stack.only("AWS::ApiGatewayV2::Stage").properties["DefaultRouteSettings"];
        assert_eq!(*throttling, json!({"ThrottlingBurstLimit": burst, "ThrottlingRateLimit": rate}));
    }
}

#[test]
fn the_api_has_one_address() {
    for (stack, is_disabled) in [(dev(), true), (other(), false)] {
        let api = stack.only("AWS::ApiGatewayV2::Api").properties;
        assert_eq!(api["DisableExecuteApiEndpoint"], is_disabled);
    }
}

#[test]
fn the_unified_apis_domain_leads_to_the_stage_if_it_is_configured() {
    let mapping = dev().only("AWS::ApiGatewayV2::ApiMapping");
    // The name of the stage is no reference.
    let stage = dev().only("AWS::ApiGatewayV2::Stage").id;
    assert!(mapping.whole["DependsOn"].as_array().unwrap().contains(&stage.into()), "{}", mapping.whole);
    let mapping = mapping.properties;
    assert_eq!(mapping["DomainName"], "manage.api.eu-west-1.vmnd.tv");
    assert_eq!(mapping["ApiMappingKey"], "dev-lof");
    assert_eq!(mapping["Stage"], "dev-lof");
    assert_eq!(dev().text(&mapping["ApiId"]), "pipeline/AdminApi");
    assert_eq!(other().all("AWS::ApiGatewayV2::ApiMapping").count(), 0);
}

#[test]
fn programs_find_the_api_and_the_dead_letters_in_the_outputs() {
    let operators = "arn:aws:sns:eu-central-1:123456789012:operators";
    for (stack, api, alarms) in [
        (dev(), "https://manage.api.eu-west-1.vmnd.tv/dev-lof", "pipeline/AlarmTopic"),
        (other(), "https://pipeline/AdminApi.execute-api.eu-central-1.amazonaws.com/other-lof", operators),
    ] {
        let expected = [
            ("AdminApiUrl", api),
            ("AlarmTopicArn", alarms),
            ("DeadLetterQueueUrl", "pipeline/DeadLetters"),
            ("ImageProcessingHost", "the host of pipeline/ImageProcessingLiveFunctionUrl.FunctionUrl"),
        ];
        let mut outputs = stack.outputs();
        // Of the environment with events.
        outputs.remove("PurgeEventBusArn");
        assert_eq!(outputs, BTreeMap::from(expected.map(|(name, value)| (name, value.to_owned()))));
    }
}
