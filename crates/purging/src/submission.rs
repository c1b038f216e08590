//! Submits a request of the outbox to CloudFront.

use std::time::Duration;

use domain::purge::ledger::{Invalidation, ledger_row};
use domain::purge::purge_request::PurgeRequest;
use futures_util::{StreamExt, stream};

use crate::ports::{CallFailed, CloudFront, CreateFailed, Ledger, Ports, Queue};

/// How many rows are written at once.
const CONCURRENT_WRITES: usize = 16;

/// How many names one purge run tries where CloudFront has the one before for other items.
const NAMES_MAX: u32 = 3;

/// Sends `request` to CloudFront, writes the ledger's rows, and then notes CloudFront's id in the request. In that
/// order, a request with an id has all its rows; one without is sent again, which is idempotent.
pub(crate) async fn submit<P: Ports>(
    ports: &P,
    request: &mut PurgeRequest,
    ledger_retention: Duration,
) -> Result<Invalidation, CreateFailed> {
    let invalidation = create(ports, request).await?;
    let rows: Vec<_> =
        request.entries.iter().map(|entry| ledger_row(request, entry, Some(&invalidation), ledger_retention)).collect();
    let writes: Vec<_> = rows.iter().map(|row| ports.ledger().write(row)).collect();
    let results: Vec<Result<(), CallFailed>> = stream::iter(writes).buffer_unordered(CONCURRENT_WRITES).collect().await;
    results.into_iter().collect::<Result<(), _>>()?;
    request.invalidation_id = Some(invalidation.id.clone());
    ports.queue().note_request(request).await?;
    Ok(invalidation)
}

async fn create<P: Ports>(ports: &P, request: &mut PurgeRequest) -> Result<Invalidation, CreateFailed> {
    let names_end = request.renamed + NAMES_MAX;
    loop {
        let distribution_id = &request.distribution.distribution_id;
        match ports.cloudfront().create(distribution_id, &request.sent_reference(), &request.items).await {
            Err(CreateFailed::AlreadyExists(reference)) if request.renamed + 1 < names_end => {
                tracing::warn!(reference, "CloudFront has this name for other items; the request gets another one");
                request.renamed += 1;
                // First, so that a crash does not send the request under a third name.
                ports.queue().note_request(request).await?;
            }
            result => return result,
        }
    }
}
