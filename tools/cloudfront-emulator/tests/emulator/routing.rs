use cloudfront_emulator::{Distributions, EmulatorConfig};
use http::{Method, StatusCode};

use super::fixture::{ACME, Fixture, cloudfront, code_of, sdk, tenant};

#[tokio::test]
async fn an_alias_and_the_domain_name_select_the_same_distribution() {
    let fixture = Fixture::start().await;
    fixture.check(ACME, "/img/sunset", "Miss", "response 1").await;
    fixture.check(&ACME.to_uppercase(), "/img/sunset", "Hit", "response 1").await;
    fixture.check("eacme.cloudfront.net", "/img/sunset", "Hit", "response 1").await;
}

#[tokio::test]
async fn an_unknown_host_is_rejected_with_an_error_that_names_it() {
    let fixture = Fixture::start().await;
    let view = fixture.get("unknown.localhost", "/img/sunset").await;

    assert_eq!((view.status, view.x_cache()), (StatusCode::FORBIDDEN, "Error"));
    assert!(view.body.contains("'unknown.localhost'"), "{}", view.body);
    assert!(fixture.origin.requests().is_empty());
}

#[tokio::test]
async fn methods_that_are_not_allowed_are_rejected_without_an_origin_request() {
    let fixture = Fixture::start().await;
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let view = fixture.send(method.clone(), ACME, "/img/sunset").await;
        assert_eq!((view.status, view.x_cache()), (StatusCode::FORBIDDEN, "Error"), "{method}");
    }
    assert!(fixture.origin.requests().is_empty());
}

#[tokio::test]
async fn the_origin_gets_its_host_and_custom_headers_and_no_header_of_the_viewer() {
    let fixture = Fixture::start().await;
    let request = fixture.request(Method::GET, ACME, "/img/sunset?debug=1&location=main");
    request.header("x-image-tenant", "globex").header("cookie", "session=1").send().await.unwrap();

    let request = &fixture.origin.requests()[0];
    assert_eq!(request.uri, "/img/sunset?location=main");
    assert_eq!(request.headers["host"], "acme.lambda-url.eu-west-1.on.aws");
    assert_eq!(request.headers.get_all("x-image-tenant").iter().collect::<Vec<_>>(), ["acme"]);
    assert_eq!(request.headers["user-agent"], "Amazon CloudFront");
    assert_eq!(request.headers.get("cookie"), None);
    assert_eq!(request.headers.get("authorization"), None);
}

#[tokio::test]
async fn an_origin_with_path_and_access_control_gets_signed_requests_below_its_path() {
    let fixture = Fixture::start_with(
        |distribution| {
            distribution.origin.path = "/live".to_owned();
            distribution.origin.signing_region = Some("eu-west-1".to_owned());
        },
        |_| {},
    )
    .await;
    fixture.get(ACME, "/img/sunset").await;

    let request = &fixture.origin.requests()[0];
    assert_eq!(request.uri, "/live/img/sunset");
    let authorization = request.headers["authorization"].to_str().unwrap();
    let scope = "AWS4-HMAC-SHA256 Credential=test/20261122/eu-west-1/lambda/aws4_request";
    assert!(authorization.starts_with(scope), "{authorization}");
}

#[tokio::test]
async fn an_unreachable_origin_is_a_bad_gateway_for_ten_seconds() {
    let distributions = Distributions::fixed([tenant("EACME", ACME, "acme")]);
    let emulator = cloudfront_emulator::start(EmulatorConfig::new("http://127.0.0.1:1", distributions)).await.unwrap();
    let url = format!("{}/img/sunset", emulator.endpoint_url());
    let get = async || reqwest::Client::new().get(&url).header("host", ACME).send().await.unwrap();

    let first = get().await;
    assert_eq!((first.status(), first.headers().get("age")), (StatusCode::BAD_GATEWAY, None));
    assert_eq!(first.headers()["x-cache"], "Error from cloudfront");
    let second = get().await;
    assert_eq!((second.status(), second.headers().contains_key("age")), (StatusCode::BAD_GATEWAY, true));
}

#[tokio::test]
async fn an_unreachable_control_plane_is_an_error_for_viewers_and_callers() {
    let deployed = Distributions::deployed(&sdk(), "http://127.0.0.1:1");
    let emulator = cloudfront_emulator::start(EmulatorConfig::new("http://127.0.0.1:1", deployed)).await.unwrap();

    let view = reqwest::Client::new().get(emulator.endpoint_url()).header("host", ACME).send().await.unwrap();
    assert_eq!(view.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(view.text().await.unwrap().contains("is the local AWS up?"));
    let list = cloudfront(&emulator.endpoint_url()).list_invalidations().distribution_id("EACME").send().await;
    assert_eq!(code_of(list), "ServiceUnavailable");
}

#[tokio::test]
async fn a_stopped_emulator_frees_its_address() {
    let fixture = Fixture::start().await;
    let address = fixture.emulator.address;
    fixture.emulator.shutdown().await;

    let start = async || {
        let mut config = EmulatorConfig::new(&fixture.origin.url, Distributions::fixed([]));
        config.listen = address;
        cloudfront_emulator::start(config).await
    };
    let again = start().await.unwrap();
    assert_eq!(again.address, address);
    let error = start().await.unwrap_err();
    assert!(error.to_string().contains("choose another address"), "{error}");
}
