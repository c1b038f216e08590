//! The event bus, in EventBridge.

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::primitives::DateTime;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use contract::events::{PURGE_COMPLETED, SOURCE};
use purging::ports::CallErrorKind;
use purging::purge_completed::PurgeCompleted;

use crate::CallError;
use crate::call_error::{call_error, sdk_error};

/// The most entries of one `PutEvents` call ("Amazon EventBridge quotas", user guide). Ten events of this type have at most
/// 20 kB, and a call may have 256.
const ENTRIES_MAX: usize = 10;

/// An event bus.
#[derive(Debug, Clone)]
pub struct EventBus {
    client: Client,
    name: String,
}

impl EventBus {
    /// The bus named `name`.
    #[must_use]
    pub fn new(client: Client, name: String) -> Self {
        Self { client, name }
    }

    fn action(&self) -> String {
        format!("PutEvents on bus {}", self.name)
    }

    fn entry(&self, event: &PurgeCompleted) -> Result<PutEventsRequestEntry, CallError> {
        let detail = serde_json::to_string(event).map_err(|error| call_error(self.action(), error))?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(PURGE_COMPLETED)
            .time(DateTime::from_millis(event.completed_at.as_millisecond()))
            .detail(detail);
        Ok(entry.build())
    }

    fn result(&self, entry: &PutEventsResultEntry) -> Result<(), CallError> {
        let Some(code) = entry.error_code() else { return Ok(()) };
        let message = format!("{code}: {}", entry.error_message().unwrap_or("no message"));
        Err(CallError::new(self.action(), message).of_kind(kind_of(code)))
    }
}

impl purging::ports::EventBus for EventBus {
    fn events_max(&self) -> usize {
        ENTRIES_MAX
    }

    async fn publish(&self, events: &[&PurgeCompleted]) -> Result<Vec<Result<(), CallError>>, CallError> {
        let entries = events.iter().map(|event| self.entry(event)).collect::<Result<Vec<_>, _>>()?;
        let put = self.client.put_events().set_entries(Some(entries));
        let response = put.send().await.map_err(|error| sdk_error(self.action(), error))?;
        Ok(response.entries().iter().map(|entry| self.result(entry)).collect())
    }
}

/// The kind of an entry's failure. Only what is wrong with the event itself comes again ("`PutEventsResultEntry`", API
/// reference, says which codes are retryable; an absent bus or permission can be mended).
fn kind_of(code: &str) -> CallErrorKind {
    match code {
        "InvalidArgument" | "MalformedDetail" | "RedactionFailure" => CallErrorKind::Rejected,
        "ThrottlingException" => CallErrorKind::Throttled,
        _ => CallErrorKind::Other,
    }
}
