//! The event that a waker invokes image-invalidation with. The event of the schedule is any other.

use serde_json::{Value, json};

const TRIGGER: &str = "trigger";
const WAKE_UP: &str = "wake-up";

/// The event of a waker.
#[must_use]
pub fn wake_up_event() -> Value {
    json!({TRIGGER: WAKE_UP})
}

/// Whether `event` is that of a waker.
#[must_use]
pub fn is_wake_up(event: &Value) -> bool {
    event[TRIGGER] == WAKE_UP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_of_a_waker_is_told_from_that_of_a_schedule() {
        assert!(is_wake_up(&wake_up_event()));
        for event in [json!({}), json!({"trigger": "schedule"}), json!({"detail-type": "Scheduled Event"}), json!(null)]
        {
            assert!(!is_wake_up(&event), "{event}");
        }
    }
}
