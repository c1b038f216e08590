use aws_sdk_cloudfront::operation::create_invalidation::CreateInvalidationError;

use super::fixture::{Fixture, batch, code_of};

#[tokio::test]
async fn an_invalid_item_is_rejected_with_an_invalid_argument_that_names_it() {
    let fixture = Fixture::start().await;
    let (long_path, long_tag) = (format!("/{}", "x".repeat(4_000)), format!("#{}", "x".repeat(257)));
    let (paths, tags) = (
        ["img/a", "https://acme.localhost/img/a", "/~home", "/%7ehome", "/a b", &long_path],
        ["#", "#a b", "#a,b", "#acme*", &long_tag],
    );
    for item in paths.into_iter().chain(tags) {
        let result = fixture.create_invalidation("EACME", "first", &["/good", item]).await;
        let error = result.expect_err(item).into_service_error();
        assert!(matches!(error, CreateInvalidationError::InvalidArgument(_)), "{item:.40}: {error:?}");
        assert!(error.meta().message().unwrap().contains(item), "the message names the item {item:.40}");
    }

    assert!(fixture.list().await.is_empty(), "a rejected batch creates no invalidation");
}

async fn check_batch(fixture: &Fixture, quantity: i32, items: &[&str], code: &str) {
    let call = fixture.cloudfront.create_invalidation().distribution_id("EACME");
    let result = call.invalidation_batch(batch("first", quantity, items)).send().await;
    assert_eq!(code_of(result), code, "{quantity} {items:?}");
}

#[tokio::test]
async fn an_inconsistent_or_empty_batch_is_rejected() {
    let fixture = Fixture::start().await;
    check_batch(&fixture, 2, &["/a"], "InconsistentQuantities").await;
    check_batch(&fixture, 0, &["/a"], "InconsistentQuantities").await;
    check_batch(&fixture, -1, &[], "InconsistentQuantities").await;
    check_batch(&fixture, 0, &[], "InvalidArgument").await;

    assert_eq!(fixture.rejection("", &["/a"]).await, "InvalidArgument");
}

#[tokio::test]
async fn an_unknown_distribution_invalidation_or_marker_is_rejected() {
    let fixture = Fixture::start().await;
    let cloudfront = &fixture.cloudfront;

    assert_eq!(code_of(fixture.create_invalidation("EUNKNOWN", "first", &["/a"]).await), "NoSuchDistribution");
    let get = cloudfront.get_invalidation();
    assert_eq!(code_of(get.clone().distribution_id("EUNKNOWN").id("I1").send().await), "NoSuchDistribution");
    assert_eq!(code_of(get.distribution_id("EACME").id("I1").send().await), "NoSuchInvalidation");
    let list = cloudfront.list_invalidations();
    assert_eq!(code_of(list.clone().distribution_id("EUNKNOWN").send().await), "NoSuchDistribution");
    assert_eq!(code_of(list.clone().distribution_id("EACME").marker("I1").send().await), "InvalidArgument");
    assert_eq!(code_of(list.distribution_id("EACME").max_items(0).send().await), "InvalidArgument");
}

#[tokio::test]
async fn an_unsupported_call_is_rejected_with_the_supported_ones() {
    let fixture = Fixture::start().await;
    let error = fixture.cloudfront.list_distributions().send().await.unwrap_err().into_service_error();

    assert_eq!(error.meta().code(), Some("NotImplemented"));
    assert!(error.meta().message().unwrap().contains("CreateInvalidation"));
}

#[tokio::test]
async fn an_empty_or_malformed_body_is_rejected() {
    let fixture = Fixture::start().await;
    for (body, code) in [("", "MissingBody"), ("<InvalidationBatch>", "MalformedXML"), ("{}", "MalformedXML")] {
        let url = format!("{}/2020-05-31/distribution/EACME/invalidation", fixture.emulator.endpoint_url());
        let response = reqwest::Client::new().post(url).body(body).send().await.unwrap();
        assert_eq!(response.status(), 400);
        let xml = response.text().await.unwrap();
        let expected = format!(
            "<ErrorResponse xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>"
        );
        assert!(xml.contains(&expected) && xml.contains("</Message></Error><RequestId>"), "{xml}");
    }
}
