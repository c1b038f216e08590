//! A `DELETE` that CloudFront throttles.

use std::time::Duration;

use cloudfront_emulator::{FaultPlan, Quotas};
use domain::Context;
use purging::ports::Clock;
use support::{Environment, NOW, context};

use super::admin_request::delete;
use super::{PurgeHandler, api_response, check_error, filled, purge_handler, send};

/// One item in a second of the whole account, as wildcards have it.
const ONE_A_SECOND: Quotas = Quotas::PerSecond { items: 1, wildcards: 1 };

/// The handler, whose pauses pass at the emulator, too. It wakes no purge run: only the request itself takes time.
fn handler_in_virtual_time(environment: &Environment) -> PurgeHandler {
    let mut handler = purge_handler(environment);
    handler.manual_purge.purge_runs = None;
    handler.manual_purge.purger.executor.ports.clock = environment.purge_run().purger.executor.ports.clock;
    handler
}

fn waited(handler: &PurgeHandler) -> Duration {
    handler.manual_purge.purger.executor.ports.clock.now().since(NOW)
}

#[tokio::test]
async fn a_request_in_the_same_second_as_another_purge_of_the_account_is_sent_again_and_accepted() {
    let environment = filled(Environment::with(ONE_A_SECOND, Duration::ZERO).await).await;
    let handler = handler_in_virtual_time(&environment);
    let first = send(&handler, &delete("globex", "p1", "[globex]")).await;
    assert_eq!((first.status, waited(&handler)), (202, Duration::ZERO), "{}", first.text);
    let second = send(&handler, &delete("acme", "p1", "[acme]")).await;
    assert_eq!((second.status, waited(&handler)), (202, Duration::from_secs(1)), "{}", second.text);
    let invalidations = environment.invalidations("acme").await;
    assert_eq!(invalidations.len(), 1);
    assert_eq!(second.body["invalidation"]["id"], invalidations[0].id.as_str());
}

async fn throttling_environment() -> Environment {
    let environment = filled(Environment::start().await).await;
    environment.faults.inject(FaultPlan { throttled_per_mille: 1_000, seed: 1, ..FaultPlan::default() });
    environment
}

#[tokio::test]
async fn a_request_that_cloudfront_throttles_for_long_stays_queued() {
    let environment = throttling_environment().await;
    let handler = handler_in_virtual_time(&environment);
    let response = send(&handler, &delete("acme", "p1", "[acme]")).await;
    check_error(&response, 502, "purge-failed", "It is in the queue");
    assert_eq!(waited(&handler), Duration::from_secs(1 + 2 + 4));
    assert_eq!(environment.queued().await, ["acme pack#p1"]);
}

#[tokio::test]
async fn a_request_with_little_time_left_is_not_sent_again_but_responds_and_wakes_a_purge_run() {
    let environment = throttling_environment().await;
    let handler = purge_handler(&environment);
    let context = Context { deadline: NOW.plus(Duration::from_secs(10)), ..context("request-1", NOW) };
    let response = api_response(&handler.handle(&delete("acme", "p1", "[acme]"), &context).await);
    check_error(&response, 502, "purge-failed", "It is in the queue");
    assert_eq!(waited(&handler), Duration::ZERO);
    assert_eq!(environment.invocations.count(), 1);
}
