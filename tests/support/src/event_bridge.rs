//! `EventBridge` with one event bus.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_config::SdkConfig;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json_api::{self, JsonApi, ServiceError, parse};

/// The name of the bus.
pub const EVENT_BUS: &str = "dev-lof-images-events";
/// The most entries of one call.
const ENTRIES_MAX: usize = 10;
/// The most bytes of the entries of one call.
const BYTES_MAX: usize = 256 * 1024;

/// An `EventBridge` of this test's own, whose bus has no events.
#[derive(Debug)]
pub struct LocalEventBridge {
    sdk: SdkConfig,
    bus: Arc<Mutex<Bus>>,
}

/// The state of the bus.
#[derive(Debug, Default)]
struct Bus {
    calls: Vec<Vec<Value>>,
    failures: BTreeMap<String, &'static str>,
}

impl LocalEventBridge {
    /// Starts one.
    pub async fn start() -> Self {
        let bus = Arc::<Mutex<Bus>>::default();
        Self { sdk: crate::sdk_config(&json_api::serve(Api(bus.clone())).await), bus }
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> aws_sdk_eventbridge::Client {
        aws_sdk_eventbridge::Client::new(&self.sdk)
    }

    /// Rejects the entries whose detail contains `part`, each with the error `code`.
    pub fn reject(&self, part: &str, code: &'static str) {
        self.bus.lock().unwrap_or_else(PoisonError::into_inner).failures.insert(part.to_owned(), code);
    }

    /// The accepted entries of each call. Their `Detail` is parsed.
    #[must_use]
    pub fn calls(&self) -> Vec<Vec<Value>> {
        self.bus.lock().unwrap_or_else(PoisonError::into_inner).calls.clone()
    }
}

struct Api(Arc<Mutex<Bus>>);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutEvents {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Entry {
    event_bus_name: String,
    source: String,
    detail_type: String,
    detail: String,
    /// Seconds since 1970.
    time: f64,
}

impl JsonApi for Api {
    const TARGET: &str = "AWSEvents";

    async fn call(&self, operation: &str, request: Value) -> Result<Value, ServiceError> {
        match operation {
            "PutEvents" => self.put(&parse::<PutEvents>(request)?.entries),
            _ => Err(ServiceError::unknown_operation(operation)),
        }
    }
}

impl Api {
    fn put(&self, entries: &[Entry]) -> Result<Value, ServiceError> {
        let bytes: usize =
            entries.iter().map(|entry| entry.detail.len() + entry.source.len() + entry.detail_type.len()).sum();
        if !(1..=ENTRIES_MAX).contains(&entries.len()) || bytes > BYTES_MAX {
            return Err(ServiceError::new("ValidationException", "a call has 1 to 10 entries and at most 256 kB"));
        }
        let mut bus = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut accepted = Vec::new();
        let results: Vec<_> = entries
            .iter()
            .map(|entry| {
                let detail = serde_json::from_str::<Value>(&entry.detail).ok().filter(Value::is_object);
                let error = match &detail {
                    None => Some("MalformedDetail"),
                    _ if entry.event_bus_name != EVENT_BUS => Some("ResourceNotFoundException"),
                    _ => bus.failures.iter().find(|(part, _)| entry.detail.contains(*part)).map(|(_, code)| *code),
                };
                if let Some(code) = error {
                    return json!({"ErrorCode": code, "ErrorMessage": "a failure of the test"});
                }
                accepted.push(json!({
                    "Source": entry.source, "DetailType": entry.detail_type, "Time": entry.time, "Detail": detail,
                }));
                json!({"EventId": format!("event-{}", accepted.len())})
            })
            .collect();
        bus.calls.push(accepted);
        let failed = results.iter().filter(|result| result.get("ErrorCode").is_some()).count();
        Ok(json!({"FailedEntryCount": failed, "Entries": results}))
    }
}
