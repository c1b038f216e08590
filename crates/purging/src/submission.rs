//! Submits a request of the outbox to CloudFront.

use std::time::Duration;

use domain::purge::batch::JoinedInvalidation;
use domain::purge::ledger::{IN_PROGRESS, Invalidation, ledger_row};
use domain::purge::purge_request::{OutboxEntry, PurgeRequest};
use futures_util::{StreamExt, stream};

use crate::ports::{CallError, Clock, CloudFront, CreateInvalidationError, Ledger, Outbox, Ports};
use crate::step_error::StepError;

/// The number of rows that are written concurrently.
const CONCURRENT_WRITES: usize = 16;

/// The most caller references that one purge run tries for one request, where CloudFront has the others for other items.
const NAMES_MAX: u32 = 3;

/// Sends `request` to CloudFront, unless it joins an invalidation that is known, writes the ledger's rows, and then stores
/// CloudFront's id in the request. In this order, a request with an id has all its rows; one without an id is sent again,
/// which is idempotent.
///
/// The error is [`StepError::CreateInvalidation`] where CloudFront did not accept the request, and [`StepError::Call`]
/// where a write to the outbox or to the ledger failed.
pub(crate) async fn submit<P: Ports>(
    ports: &P,
    request: &mut PurgeRequest,
    joins: Option<&JoinedInvalidation>,
    ledger_retention: Duration,
) -> Result<(), StepError> {
    let (invalidation, accepted_at) = match joins {
        Some(JoinedInvalidation { id, accepted_at, .. }) => {
            (Invalidation { id: id.clone(), status: IN_PROGRESS.to_owned() }, *accepted_at)
        }
        None => (create(ports, request).await?, ports.clock().now()),
    };
    request.accepted_at = Some(accepted_at);
    let rows: Vec<_> =
        request.entries.iter().map(|entry| ledger_row(request, entry, Some(&invalidation), ledger_retention)).collect();
    let writes: Vec<_> = rows.iter().map(|row| ports.ledger().write(row)).collect();
    let results: Vec<Result<(), CallError>> = stream::iter(writes).buffer_unordered(CONCURRENT_WRITES).collect().await;
    results.into_iter().collect::<Result<(), CallError>>()?;
    request.invalidation_id = Some(invalidation.id.clone());
    ports.outbox().update(request).await?;
    for OutboxEntry { target, version, is_final, .. } in &request.entries {
        let (tenant, invalidation) = (&request.for_tenant, &invalidation.id);
        tracing::info!(
            %tenant, %target, correlation_id = version, invalidation, is_final,
            "CloudFront has accepted the purge."
        );
    }
    Ok(())
}

async fn create<P: Ports>(ports: &P, request: &mut PurgeRequest) -> Result<Invalidation, StepError> {
    let names_end = request.renamed + NAMES_MAX;
    loop {
        let reference = request.sent_reference();
        match ports.cloudfront().create(&request.distribution, &reference, &request.items).await {
            Err(CreateInvalidationError::AlreadyExists(reference)) if request.renamed + 1 < names_end => {
                tracing::warn!(
                    caller_reference = reference,
                    "CloudFront has this caller reference for other items; retrying with another one"
                );
                request.renamed += 1;
                // Before the retry, so that a crash does not send the request under a third reference.
                ports.outbox().update(request).await?;
            }
            result => return Ok(result?),
        }
    }
}
