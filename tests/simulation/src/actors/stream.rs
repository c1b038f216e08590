//! The mapping from the table's stream to its handler: batches in order, again from the first failed record, and now and
//! then something once more that was delivered long ago.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::{AttributeNames, TenantId};
use purging::stream::Enqueuer;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::lambda::{Died, invoke};
use crate::mutation::Mutation;
use crate::schedule::Simulation;
use crate::setup::STREAM_HANDLER;

/// The longest pause before a failed batch is delivered again.
const RETRY_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Delivers the records of one tenant's shard.
pub(crate) async fn deliver(simulation: Simulation, tenant: TenantId) {
    let mut position = 0;
    let mut retries = 0;
    loop {
        let (pause_ms, batch) = {
            let mut world = simulation.world();
            let records = world.packs.streams.get(&tenant).map(Vec::as_slice).unwrap_or_default();
            let until = records.len().min(position + world.setup.stream_batch);
            let batch = records[position..until].to_vec();
            // A batch that failed as a whole is delivered in parts.
            let batch = if retries > 1 { batch[..batch.len().min(1)].to_vec() } else { batch };
            let delivered = world.packs.delivered.entry(tenant.clone()).or_default();
            *delivered = position;
            (world.chance.within(if batch.is_empty() { 200..=2_000 } else { 20..=250 }), batch)
        };
        simulation.sleep_ms(pause_ms).await;
        if batch.is_empty() {
            continue;
        }
        match handle(&simulation, &batch).await {
            Ok(None) => {
                position += batch.len();
                retries = 0;
            }
            Ok(Some(failed)) if simulation.world().mutation == Some(Mutation::FailedRecordsSkipped) => {
                position += batch.len().max(failed);
            }
            Ok(Some(failed)) => {
                position += failed;
                retries += 1;
                pause(&simulation).await;
            }
            Err(Died) => {
                retries += 1;
                pause(&simulation).await;
            }
        }
        let repeated_ms = {
            let mut world = simulation.world();
            if world.chance.fault(Fault::StreamGoesBack, 1) {
                position = usize::try_from(world.chance.within(0..=position as u64)).unwrap_or(0);
            }
            world.chance.fault(Fault::BatchOnceMore, 2).then(|| world.chance.within(0..=60_000))
        };
        if let Some(repeated_ms) = repeated_ms {
            let again = simulation.clone();
            simulation.begin(async move {
                again.sleep_ms(repeated_ms).await;
                // The response has no effect.
                let _ = handle(&again, &batch).await;
            });
        }
    }
}

async fn pause(simulation: &Simulation) {
    let longest_ms = u64::try_from(RETRY_PAUSE_MAX.as_millis()).unwrap_or(u64::MAX);
    let pause_ms = simulation.world().chance.within(100..=longest_ms);
    simulation.sleep_ms(pause_ms).await;
}

/// Calls the handler with `batch`. Says how many records went well before the first failed one; `None`: all did.
async fn handle(simulation: &Simulation, batch: &[Value]) -> Result<Option<usize>, Died> {
    let event = json!({"Records": batch});
    let response = invoke(simulation, STREAM_HANDLER, |instance| async move {
        let context = instance.context();
        let enqueuer = Enqueuer {
            queue: instance.clone(),
            dead_letters: instance.clone(),
            purge_runs: instance.wakes().then(|| instance.clone()),
            clock: instance,
            names: AttributeNames::default(),
            with_existing_distribution: BTreeSet::new(),
        };
        enqueuer.enqueue(&event, &context).await
    });
    let failed = response.await?;
    let is_failed =
        |record: &Value| failed.iter().any(|sequence| record["dynamodb"]["SequenceNumber"] == sequence.as_str());
    Ok(if failed.is_empty() { None } else { Some(batch.iter().position(is_failed).unwrap_or(0)) })
}
