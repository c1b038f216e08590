use std::future::{Future, ready};
use std::sync::Mutex;

use super::*;
use crate::ports::CallError;

/// A bus with calls of two events. It fails as told, and has the purges that it accepted.
#[derive(Debug, Default)]
struct Bus {
    /// The failures of events, by the name of their purge.
    failures: Vec<(&'static str, CallErrorKind)>,
    /// The call that fails as a whole, from 0 on.
    failing_call: Option<usize>,
    state: Mutex<(usize, Vec<String>)>,
}

impl EventBus for Bus {
    fn events_max(&self) -> usize {
        2
    }

    fn publish(
        &self,
        events: &[&PurgeCompleted],
    ) -> impl Future<Output = Result<Vec<Result<(), CallError>>, CallError>> + Send {
        let mut state = self.state.lock().unwrap();
        let call = state.0;
        state.0 += 1;
        if self.failing_call == Some(call) {
            return ready(Err(CallError::new("PutEvents", "the bus is down")));
        }
        let results = events.iter().map(|event| {
            if let Some((_, kind)) = self.failures.iter().find(|(purge, _)| *purge == event.purge) {
                return Err(CallError::new("PutEvents", "a failure").of_kind(*kind));
            }
            state.1.push(event.purge.clone());
            Ok(())
        });
        ready(Ok(results.collect()))
    }
}

fn purge(name: &str) -> CompletedPurge {
    let event = serde_json::json!({
        "environment": "dev", "tenant": "acme", "purge": name, "target": "pack#cat", "isFinal": true,
        "reasons": ["manual"], "firstEventAt": "2026-11-26T12:00:00Z", "enqueuedAt": "2026-11-26T12:00:00Z",
        "startedAt": "2026-11-26T12:00:00Z", "completedAt": "2026-11-26T12:00:09Z", "distributionId": "E1",
        "invalidationId": "I1", "correlationId": "1@a",
    });
    CompletedPurge { sequence: format!("of {name}"), event: serde_json::from_value(event).unwrap() }
}

/// Publishes the purges `a` to `e` on `bus`; expects those that it accepts, and the one that is delivered again.
async fn check(bus: Bus, expected: &[&str], expected_again: Option<&str>) {
    let purges = ["a", "b", "c", "d", "e"].map(purge);
    assert_eq!(publish(&bus, &purges).await, expected_again, "{bus:?}");
    assert_eq!(bus.state.lock().unwrap().1, expected, "{bus:?}");
}

#[tokio::test]
async fn every_event_is_published_in_order_in_calls_of_the_bus_s_size() {
    check(Bus::default(), &["a", "b", "c", "d", "e"], None).await;
}

#[tokio::test]
async fn the_first_event_that_may_succeed_later_is_delivered_again_with_all_behind_it() {
    let throttled = vec![("c", CallErrorKind::Throttled)];
    check(Bus { failures: throttled, ..Bus::default() }, &["a", "b", "d"], Some("of c")).await;
    check(Bus { failing_call: Some(1), ..Bus::default() }, &["a", "b"], Some("of c")).await;
    check(Bus { failing_call: Some(0), ..Bus::default() }, &[], Some("of a")).await;
}

#[tokio::test]
async fn an_event_that_is_rejected_for_good_delays_no_other() {
    let rejected = vec![("b", CallErrorKind::Rejected)];
    check(Bus { failures: rejected, ..Bus::default() }, &["a", "c", "d", "e"], None).await;
}
