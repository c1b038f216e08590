//! The lease and the requests in flight, in the queue's table.

use std::time::Duration;

use domain::Timestamp;
use domain::purge::purge_request::PurgeRequest;
use purging::ports::{CallError, CallErrorKind, Lease, Leases, Outbox, Rows};

use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::services::dynamodb::{Access, Item, Partition, Table};
use crate::services::queue_table::item;
use crate::setup::IMAGE_PURGE;

/// The partition key of the requests.
const REQUESTS: &str = "#request";

/// The partition key of the lease.
pub(super) const LEASE: &str = "#lease";

fn request_item(caller_reference: &str) -> Item {
    item(REQUESTS, caller_reference)
}

fn lease_item() -> Item {
    item(LEASE, "image-invalidation")
}

/// A call whose conflict a mutation takes for a success: `value` is the result then.
fn despite_conflict<T>(
    instance: &Instance,
    mutation: Mutation,
    result: Result<T, CallError>,
    value: impl FnOnce() -> T,
) -> Result<T, CallError> {
    match result {
        Err(error)
            if error.kind() == CallErrorKind::Conflict && instance.simulation.world().mutation == Some(mutation) =>
        {
            Ok(value())
        }
        result => result,
    }
}

impl Leases for Instance {
    async fn take(&self, owner: &str, now: Timestamp, duration: Duration) -> Result<Option<Lease>, CallError> {
        let of_owner = owner.to_owned();
        let access = Access::Write(lease_item());
        let take = self.dynamodb("takes the lease".to_owned(), access, move |world| {
            let held = world.queue.lease.as_ref().map(|(lease, _)| lease.clone());
            match held.filter(|held| held.owner == of_owner && world.mutation == Some(Mutation::TokenOfTheOwner)) {
                Some(held) => Some(held),
                None => world.queue.take_lease(&of_owner, now, duration),
            }
        });
        let taken = take.await;
        despite_conflict(self, Mutation::LeaseTakenDespiteConflict, taken, || {
            self.simulation.world().queue.lease.as_ref().map(|(lease, _)| lease.clone())
        })
    }

    async fn renew(&self, lease: &Lease, now: Timestamp, duration: Duration) -> Result<bool, CallError> {
        let (token, until) = (lease.token, now.plus(duration));
        let renew = self.dynamodb(format!("renews lease {token}"), Access::Write(lease_item()), move |world| {
            let is_forgotten = world.mutation == Some(Mutation::LeaseNeverRenewed);
            if is_forgotten { world.queue.is_held(token) } else { world.queue.renew_lease(token, until) }
        });
        renew.await
    }

    async fn release(&self, lease: &Lease) -> Result<(), CallError> {
        let token = lease.token;
        let what = format!("releases lease {token}");
        self.dynamodb(what, Access::Write(lease_item()), move |world| world.queue.release_lease(token)).await
    }
}

impl Outbox for Instance {
    async fn requests(&self) -> Result<Rows<PurgeRequest>, CallError> {
        let access = Access::Read(vec![Partition::of(Table::Queue, REQUESTS)]);
        let is_purge_api = self.name.starts_with(IMAGE_PURGE.name);
        let rows = self.dynamodb("reads the requests".to_owned(), access, move |world| {
            if is_purge_api && world.mutation == Some(Mutation::StatusWithoutOutbox) {
                return Rows { rows: Vec::new(), unreadable: Vec::new() };
            }
            let mut rows: Vec<_> = world.queue.requests.values().cloned().collect();
            if world.mutation == Some(Mutation::JoinedBeforeSettled) {
                let now = Timestamp::from_millis(world.now_ms);
                rows.iter_mut().filter(|request| request.accepted_at.is_some()).for_each(|row| row.created_at = now);
            }
            Rows { rows, unreadable: Vec::new() }
        });
        rows.await
    }

    async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let (request, token) = (request.clone(), lease.map(|lease| lease.token));
        let what = format!("writes request {} to the outbox: {:?}", short(&request.caller_reference), request.items);
        let mut items = vec![request_item(&request.caller_reference)];
        items.extend(lease.map(|_| lease_item()));
        let write = self.dynamodb(what, Access::Transaction(items), move |world| {
            let is_careless = world.mutation == Some(Mutation::FencingTokenNotChecked);
            if token.is_some_and(|token| !world.queue.is_held(token)) && !is_careless {
                return false;
            }
            let registrations = world.registry.registrations(&request.for_tenant);
            world.checker.requested(&request, registrations, world.now_ms);
            world.queue.requests.entry(request.caller_reference.clone()).or_insert_with(|| request.clone());
            true
        });
        despite_conflict(self, Mutation::CanceledTransactionTakenAsDone, write.await, || true)
    }

    async fn update(&self, request: &PurgeRequest) -> Result<(), CallError> {
        let request = request.clone();
        let what = format!("updates request {} {:?}", short(&request.caller_reference), request.invalidation_id);
        let access = Access::Write(request_item(&request.caller_reference));
        let note = self.dynamodb(what, access, move |world| {
            if let Some(written) = world.queue.requests.get_mut(&request.caller_reference) {
                written.renamed = request.renamed;
                if request.invalidation_id.is_some() {
                    written.invalidation_id.clone_from(&request.invalidation_id);
                    written.accepted_at = request.accepted_at;
                }
            }
        });
        note.await
    }

    async fn remove(&self, caller_reference: &str) -> Result<(), CallError> {
        let (reference, what) = (caller_reference.to_owned(), format!("removes request {}", short(caller_reference)));
        let access = Access::Write(request_item(caller_reference));
        self.dynamodb(what, access, move |world| drop(world.queue.requests.remove(&reference))).await
    }
}

/// The beginning of a caller reference, enough to tell it apart by eye.
pub(crate) fn short(caller_reference: &str) -> &str {
    caller_reference.get(..8).unwrap_or(caller_reference)
}
