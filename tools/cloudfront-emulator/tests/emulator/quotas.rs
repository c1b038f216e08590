use aws_sdk_cloudfront::error::ProvideErrorMetadata;
use cloudfront_emulator::{CallRate, EmulatorConfig, Quotas};

use super::figures;
use super::fixture::{Fixture, PROPAGATION_DELAY_SECS, batch};

const IN_PROGRESS: &str =
    "Processing your request will cause you to exceed the maximum number of in-progress invalidations.";
const WILDCARDS_IN_PROGRESS: &str =
    "Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations.";
const TOO_LARGE: &str = "Invalidation batch specified is too large.";

async fn start(change: impl FnOnce(&mut EmulatorConfig)) -> Fixture {
    Fixture::start_with(|_| {}, change).await
}

/// `count` different items with this ending.
fn items(count: usize, end: &str) -> Vec<String> {
    (0..count).map(|number| format!("/{number}{end}")).collect()
}

/// Creates an invalidation and asserts on the status, the code and the message of its rejection, or on its success.
async fn check(fixture: &Fixture, distribution: &str, items: &[String], expected: Result<(), (u16, &str, &str)>) {
    figures::count_check();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let reference = format!("{distribution} {} {}", fixture.elapsed_secs(), items.join(" "));
    let batch = batch(&reference, i32::try_from(items.len()).unwrap(), &items);
    let sent = fixture.cloudfront.create_invalidation().distribution_id(distribution).invalidation_batch(batch).send();
    let seen = match sent.await {
        Ok(_) => Ok(()),
        Err(error) => {
            let status = error.raw_response().unwrap().status().as_u16();
            Err((status, error.code().unwrap().to_owned(), error.message().unwrap().to_owned()))
        }
    };
    let expected = expected.map_err(|(status, code, message)| (status, code.to_owned(), message.to_owned()));
    assert_eq!(seen, expected, "{} items of {distribution}, {} s after the start", items.len(), fixture.elapsed_secs());
}

#[tokio::test]
async fn at_most_3000_items_and_15_wildcards_are_in_progress_in_a_distribution() {
    let fixture = start(|_| {}).await;
    let too_many = |message| Err((400, "TooManyInvalidationsInProgress", message));
    check(&fixture, "EACME", &items(3_001, ""), Err((413, "BatchTooLarge", TOO_LARGE))).await;
    check(&fixture, "EACME", &items(16, "/*"), too_many(WILDCARDS_IN_PROGRESS)).await;
    check(&fixture, "EACME", &items(3_000, ""), Ok(())).await;
    check(&fixture, "EACME", &items(15, "/*"), Ok(())).await;
    check(&fixture, "EACME", &items(1, "a"), too_many(IN_PROGRESS)).await;
    check(&fixture, "EACME", &items(1, "*"), too_many(WILDCARDS_IN_PROGRESS)).await;
    check(&fixture, "EGLOBEX", &items(1, "a"), Ok(())).await;

    fixture.advance(PROPAGATION_DELAY_SECS);
    check(&fixture, "EACME", &items(1, "a"), Ok(())).await;
    check(&fixture, "EACME", &items(1, "*"), Ok(())).await;
}

#[tokio::test]
async fn at_most_150_items_and_1_wildcard_a_second_are_accepted_over_all_distributions() {
    let fixture = start(|config| config.quotas = Quotas::PER_SECOND).await;
    let too_many = |message| Err((400, "TooManyInvalidationsInProgress", message));
    check(&fixture, "EACME", &items(151, ""), Err((413, "BatchTooLarge", TOO_LARGE))).await;
    check(&fixture, "EACME", &items(2, "*"), Err((413, "BatchTooLarge", TOO_LARGE))).await;
    check(&fixture, "EACME", &items(100, ""), Ok(())).await;
    check(&fixture, "EGLOBEX", &items(51, ""), too_many(IN_PROGRESS)).await;
    check(&fixture, "EGLOBEX", &items(50, ""), Ok(())).await;
    check(&fixture, "EGLOBEX", &items(1, "*"), Ok(())).await;
    check(&fixture, "EACME", &items(1, "*"), too_many(WILDCARDS_IN_PROGRESS)).await;

    fixture.advance(1);
    check(&fixture, "EACME", &items(150, "a"), Ok(())).await;
    check(&fixture, "EACME", &items(1, "*"), Ok(())).await;
}

#[tokio::test]
async fn a_repeated_batch_takes_nothing_of_the_quota() {
    let fixture = start(|config| config.quotas = Quotas::PerSecond { items: 1, wildcards: 1 }).await;
    let first = fixture.create("first", &["/a"]).await;
    assert_eq!(fixture.create("first", &["/a"]).await.id, first.id);
    assert_eq!(fixture.rejection("second", &["/b"]).await, "TooManyInvalidationsInProgress");
}

#[tokio::test]
async fn calls_beyond_the_burst_are_throttled_and_have_no_effect() {
    let fixture = start(|config| config.call_rate = CallRate::CLOUDFRONT).await;
    let throttled = Err((400, "Throttling", "Rate exceeded"));
    for number in 0..6 {
        check(&fixture, if number % 2 == 0 { "EACME" } else { "EGLOBEX" }, &items(1, &format!("x{number}")), Ok(()))
            .await;
    }
    check(&fixture, "EACME", &items(1, "late"), throttled).await;
    assert_eq!(fixture.list().await.len(), 3);

    fixture.advance(1);
    check(&fixture, "EACME", &items(1, "late"), throttled).await;
    fixture.advance(1);
    check(&fixture, "EACME", &items(1, "late"), Ok(())).await;
    check(&fixture, "EACME", &items(1, "later"), throttled).await;
}

#[tokio::test]
async fn reads_take_nothing_of_the_throttle_of_creations() {
    let fixture = start(|config| config.call_rate = CallRate { burst: 1, ..CallRate::CLOUDFRONT }).await;
    let id = fixture.create("first", &["/a"]).await.id;
    assert_eq!(fixture.rejection("second", &["/a"]).await, "Throttling");
    for _ in 0..10 {
        fixture.read(&id).await;
        assert_eq!(fixture.list().await, std::slice::from_ref(&id));
    }
}
