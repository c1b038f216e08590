use cloudfront_emulator::{Distributions, EmulatorConfig};

use super::fixture::{ACME, Fixture, cloudfront, code_of, tenant};
use super::origin::TestOrigin;

/// Sends an invalidation to an emulator that `origin` authorizes. Returns the code of a rejection.
async fn create(origin: &TestOrigin, distribution: &str) -> Result<(), String> {
    let mut config = EmulatorConfig::new(&origin.url, Distributions::fixed([tenant(distribution, ACME, "acme")]));
    config.authorize_callers = true;
    let emulator = cloudfront_emulator::start(config).await.unwrap();
    let batch = super::fixture::batch("first", 1, &["/a"]);
    let call = cloudfront(&emulator.endpoint_url()).create_invalidation().distribution_id(distribution);
    let sent = call.invalidation_batch(batch).send().await;
    if sent.is_ok() { Ok(()) } else { Err(code_of(sent)) }
}

#[tokio::test]
async fn a_call_is_denied_if_the_local_aws_denies_it_and_only_then() {
    let origin = TestOrigin::start().await;
    let denied = Err("AccessDenied".to_owned());
    for (distribution, expected) in [("EDENIED", denied), ("EACME", Ok(())), ("EUNKNOWN", Ok(()))] {
        assert_eq!(create(&origin, distribution).await, expected, "{distribution}");
    }
}

#[tokio::test]
async fn the_local_aws_gets_the_signed_request_of_the_caller_unchanged() {
    let origin = TestOrigin::start().await;
    create(&origin, "EACME").await.unwrap();

    let request = &origin.requests()[0];
    assert_eq!(request.method, "POST");
    assert_eq!(request.uri, "/2020-05-31/distribution/EACME/invalidation");
    let authorization = request.headers["authorization"].to_str().unwrap();
    assert!(authorization.contains("/cloudfront/aws4_request"), "{authorization}");
    let address = origin.url.trim_start_matches("http://");
    assert_ne!(request.headers["host"], address, "the signature includes the host");
}

#[tokio::test]
async fn by_default_calls_are_not_authorized_by_the_local_aws() {
    let fixture = Fixture::start().await;
    fixture.create("first", &["/a"]).await;
    assert!(fixture.origin.requests().is_empty());
}

#[tokio::test]
async fn the_local_aws_that_authorizes_calls_answers_those_that_the_emulator_does_not_support() {
    let origin = TestOrigin::start().await;
    let mut config = EmulatorConfig::new(&origin.url, Distributions::fixed([tenant("EACME", ACME, "acme")]));
    config.authorize_callers = true;
    let emulator = cloudfront_emulator::start(config).await.unwrap();
    let url = format!("{}/2020-05-31/distribution/EACME/config", emulator.endpoint_url());
    let response = reqwest::get(url).await.unwrap();

    assert_eq!(response.status(), 200);
    assert_eq!(origin.requests().last().unwrap().uri, "/2020-05-31/distribution/EACME/config");
}
