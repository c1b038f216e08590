//! The purge run that a DELETE wakes, and what GET says about the rows that wait.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use contract::Authorizer;
use domain::Target;
use image_purge::Handler;
use purging::manual_purge::ManualPurge;
use purging::ports::{CallError, Outbox, PurgeRuns, Wakeups};
use serde_json::{Value, json};
use support::{NOW, SETTLE, context};

use super::admin_request::{delete, get};
use super::{LIMIT, environment, purge_handler, send};

/// Notes the requests of the outbox at each invocation, and then fails.
struct Watching<O> {
    outbox: O,
    seen: Arc<Mutex<Vec<Target>>>,
}

impl<O: Outbox> PurgeRuns for Watching<O> {
    async fn invoke(&self) -> Result<(), CallError> {
        let requests = self.outbox.requests().await?.rows;
        let targets = requests.into_iter().flat_map(|request| request.entries).map(|entry| entry.target);
        self.seen.lock().unwrap().extend(targets);
        Err(CallError::new("invoking image-invalidation".to_owned(), "throttled"))
    }
}

#[tokio::test]
async fn a_purge_wakes_a_purge_run_when_its_request_is_in_the_outbox_and_a_failure_to_wake_fails_nothing() {
    let environment = environment().await;
    let seen = Arc::default();
    let purge_runs = Some(Watching { outbox: environment.queue(), seen: Arc::clone(&seen) });
    let (packs, purger) = (environment.image_packs(), environment.purger());
    let manual_purge = ManualPurge { packs, purger, limit: LIMIT, purge_runs };
    let handler = Handler { manual_purge, authorizer: Authorizer::Jwt { tenant_claim: "tenants".to_owned() } };
    let response = handler.handle(&delete("acme", "p1", "[acme]"), &context("request-1", NOW)).await;
    assert_eq!(response.status(), 202);
    assert_eq!(*seen.lock().unwrap(), [Target::parse("pack#p1").unwrap()]);
    let woken = Wakeups::take(&environment.queue()).await.unwrap();
    assert_eq!(woken.tenants.iter().map(ToString::to_string).collect::<BTreeSet<_>>(), ["acme".to_owned()].into());
}

#[tokio::test]
async fn only_a_purge_that_was_begun_wakes_and_only_where_wake_ups_are_on() {
    let environment = environment().await;
    let handler = purge_handler(&environment);
    send(&handler, &get("acme", "p1", "[acme]", "")).await;
    send(&handler, &delete("acme", "unknown", "[acme]")).await;
    assert_eq!(environment.invocations.count(), 0);
    send(&handler, &delete("acme", "p1", "[acme]")).await;
    let joining = send(&handler, &delete("acme", "p1", "[acme]")).await;
    assert_eq!((&joining.body["joined"], environment.invocations.count()), (&json!(true), 1));

    let mut silent = purge_handler(&environment);
    silent.manual_purge.purge_runs = None;
    assert_eq!(send(&silent, &delete("globex", "p1", "[globex]")).await.status, 202);
    assert_eq!(Wakeups::count(&environment.queue()).await.unwrap(), 1);
}

#[tokio::test]
async fn the_status_says_what_each_row_waits_for_and_until_when() {
    let environment = environment().await;
    environment.enqueue("acme", "location#main", NOW).await;
    send(&purge_handler(&environment), &delete("acme", "p1", "[acme]")).await;
    let status = send(&purge_handler(&environment), &get("acme", "p1", "[acme]", "")).await;
    let waits: Vec<_> = status.body["pending"].as_array().unwrap().iter().map(wait).collect();
    let settled_at = jiff::Timestamp::from_millisecond(i64::try_from(NOW.plus(SETTLE).as_millis()).unwrap()).unwrap();
    assert_eq!(
        waits,
        [
            (json!("pack#p1"), json!("the end of the settle delay"), json!(settled_at.to_string())),
            (json!("location#main"), json!("nothing: its purge is due"), Value::Null)
        ]
    );
}

fn wait(pending: &Value) -> (Value, Value, Value) {
    (pending["target"].clone(), pending["waitsFor"].clone(), pending["waitsUntil"].clone())
}
