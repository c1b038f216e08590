//! The Lambda function `image-warming`: requests images in advance when the final purge of their pack has completed, so
//! that the variant is rendered and the edge near the region has it before a viewer asks.
//!
//! It follows the event of the final purge only: after the early one an old image can still reach an edge, and the final
//! one would remove what was requested. A failure loses no purge: viewers request the image themselves.

mod viewer;

use aws_adapters::demand_table::DemandTable;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::metrics_log::MetricsLog;
use contract::events::{PURGE_COMPLETED, SOURCE};
use domain::access::allowance::AllowanceLimit;
use domain::warming::{RequestedLocation, most_requested};
use domain::{ImagePackId, Measurements, TenantId};
use purging::allowance::take_tokens;
use purging::ports::{CallError, Clock, PackItem, Packs};
use purging::purge_completed::PurgeCompleted;
use serde::Deserialize;
use serde_json::Value;
use tracing::Instrument;

pub use viewer::{RequestError, Viewer};

/// The handler of the events of completed purges.
#[derive(Debug, Clone)]
pub struct Handler<C> {
    /// The image-pack table.
    pub packs: ImagePackTable,
    /// The demand table, which also has the tenants' budgets.
    pub demand: DemandTable,
    /// Requests images.
    pub viewer: Viewer,
    /// The most locations of a pack that are requested.
    pub locations_max: usize,
    /// The limit of a tenant's requests.
    pub budget: AllowanceLimit,
    /// The clock.
    pub clock: C,
    /// The metrics.
    pub metrics: MetricsLog,
}

/// An event that could not be followed.
#[derive(Debug, thiserror::Error)]
pub enum WarmingError {
    /// It is another one.
    #[error("the event is no \"{PURGE_COMPLETED}\" of {SOURCE}: {0}")]
    AnotherEvent(String),
    /// DynamoDB did not respond.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// An event, as EventBridge delivers it.
#[derive(Debug, Deserialize)]
struct Event {
    source: String,
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: PurgeCompleted,
}

impl<C: Clock> Handler<C> {
    /// Follows one event.
    pub async fn handle(&self, event: &Value, request_id: &str) -> Result<(), WarmingError> {
        let event = Event::deserialize(event).map_err(|error| WarmingError::AnotherEvent(error.to_string()))?;
        if (event.source.as_str(), event.detail_type.as_str()) != (SOURCE, PURGE_COMPLETED) {
            return Err(WarmingError::AnotherEvent(format!("{} of {}", event.detail_type, event.source)));
        }
        let PurgeCompleted { tenant, target, is_final, correlation_id, .. } = &event.detail;
        // A purge that spans packs would need a list of all of them.
        let Some(pack) = target.pack().filter(|_| *is_final) else { return Ok(()) };
        let span = tracing::error_span!("warming", request_id, %tenant, %target, correlation_id);
        self.warm(tenant, pack).instrument(span).await
    }

    async fn warm(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<(), WarmingError> {
        let PackItem::Pack(item) = Packs::find(&self.packs, tenant, pack).await? else { return Ok(()) };
        let demand = self.demand.demand(tenant, self.clock.now()).await?;
        let locations = most_requested(&item, &demand, self.locations_max);
        let count = locations.len();
        let Some(tokens) = u32::try_from(count).ok().filter(|tokens| *tokens > 0) else { return Ok(()) };
        let taken = take_tokens(&self.demand, self.budget, tenant, tokens, || self.clock.now()).await?;
        if let Err(retry_after) = taken {
            tracing::info!(count, retry_after_secs = retry_after.as_secs(), "The tenant's budget is used up.");
            self.record(&Measurements::warmed(tenant, 0, count));
            return Ok(());
        }
        let mut warmed = 0;
        for location in &locations {
            match self.viewer.request(tenant, pack, location).await {
                Ok(()) => warmed += 1,
                Err(error) => tracing::warn!(%location, error = error_text(&error), "No image came in advance."),
            }
        }
        tracing::info!(locations = names(&locations), warmed, "Requested images in advance.");
        self.record(&Measurements::warmed(tenant, warmed, 0));
        Ok(())
    }

    fn record(&self, measurements: &Measurements) {
        self.metrics.record(measurements, self.clock.now());
    }
}

fn names(locations: &[RequestedLocation]) -> String {
    locations.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The error with its causes.
fn error_text(error: &RequestError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
