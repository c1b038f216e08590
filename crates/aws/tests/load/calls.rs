//! Every call of DynamoDB and Systems Manager that the adapters make, by name.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_adapters::CallError;
use aws_adapters::image_pack_table::ReadError;
use aws_adapters::managed_items::{Editor, Expected, ManagedItems, WriteError};
use aws_adapters::render_lock_table::RenderLockTable;
use domain::change::detection::Reason;
use domain::editing::managed_pack::ManagedPack;
use domain::purge::ledger::{Completion, LedgerRow};
use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::purge_cause::PurgeCause;
use domain::queue::queue_entry::{DeletionCursor, FinalPurge};
use domain::{AttributeNames, Distribution, ImagePackId, Target};
use purging::ports::{Lease, Leases, Ledger, Outbox, Queue, QueueError, RowVersion, Tenants, Wakeups};
use support::{Environment, LEASE, LocalDynamoDb, NOW};

use crate::acme;

/// The calls that read.
pub(crate) const READS: [&str; 12] = [
    "packs.find",
    "items.read",
    "items.page",
    "queue.entries",
    "queue.entries_of",
    "queue.find",
    "wakeups.is_leased",
    "wakeups.count",
    "outbox.requests",
    "ledger.newest",
    "tenants.distributions",
    "tenants.tenant",
];

/// The calls that write to DynamoDB.
pub(crate) const WRITES: [&str; 22] = [
    "items.write",
    "items.remove",
    "queue.upsert",
    "queue.remove_if_unchanged",
    "queue.store_deletion_cursor",
    "queue.mark_early_purge",
    "queue.store_final_purge",
    "wakeups.count_up",
    "wakeups.note_invocation",
    "wakeups.arrive",
    "wakeups.take",
    "leases.take",
    "leases.renew",
    "leases.release",
    "outbox.write",
    "outbox.write under a lease",
    "outbox.update",
    "outbox.remove",
    "ledger.write",
    "ledger.mark_completed",
    "ledger.mark_deleted",
    "render_locks",
];

/// Makes one call. It succeeds, once in each environment, unless AWS rejects it.
pub(crate) async fn make(call: &str, environment: &Environment) -> Result<(), CallError> {
    let (tenant, pack) = (acme(), ImagePackId::parse("cat").unwrap());
    let target = Target::Pack(pack.clone());
    let row = RowVersion { tenant: &tenant, target: &target, version: "1@test" };
    let ports = environment.purger().executor.ports;
    let (queue, ledger) = (&ports.queue, &ports.ledger);
    let items = managed_items(environment);
    match call {
        "packs.find" => drop(environment.image_packs().find(&tenant, &[&pack], &[]).await?),
        "items.read" => drop(items.read::<ManagedPack>(&tenant, &target).await.map_err(of_read)?),
        "items.page" => drop(items.page(&tenant, None, 10).await?),
        "items.write" => {
            let editor = Editor { subject: "admin", request_id: "request", now: NOW };
            let written = items.write::<ManagedPack>(&tenant, &target, Vec::new(), Expected::Absent, editor).await;
            assert!(written.map_err(of_write)?.is_some());
        }
        "items.remove" => drop(items.remove(&tenant, &target, 1).await?),
        "queue.upsert" => drop(queue.upsert(&upsert(&target)).await.map_err(of_queue)?),
        "queue.entries" => drop(queue.entries().await?),
        "queue.find" => drop(queue.find(&tenant, &target).await.map_err(of_queue)?),
        "queue.remove_if_unchanged" => drop(queue.remove_if_unchanged(row).await?),
        "queue.store_deletion_cursor" => {
            let cursor = DeletionCursor { started_at: NOW, after_key: "acme/cat/a".to_owned(), variants_deleted: 1 };
            queue.store_deletion_cursor(row, &cursor).await?;
        }
        "queue.mark_early_purge" => drop(queue.mark_early_purge(row).await?),
        "queue.entries_of" => drop(queue.entries_of(&tenant).await?),
        "queue.store_final_purge" => {
            let purge = FinalPurge { version: "1@test".to_owned(), ledger_key: "pack#cat#1".to_owned() };
            queue.store_final_purge(row, &purge).await?;
        }
        "wakeups.count_up" => queue.count_up(&BTreeSet::from([tenant])).await?,
        "wakeups.is_leased" => drop(queue.is_leased(NOW).await?),
        "wakeups.note_invocation" => drop(queue.note_invocation(NOW, NOW).await?),
        "wakeups.arrive" => queue.arrive().await?,
        "wakeups.count" => drop(queue.count().await?),
        "wakeups.take" => drop(Wakeups::take(queue).await?),
        "leases.take" => assert!(Leases::take(queue, "run", NOW, LEASE).await?.is_some()),
        "leases.renew" => {
            queue.renew(&Lease { owner: "run".to_owned(), token: 1, is_takeover: false }, NOW, LEASE).await?;
        }
        "leases.release" => queue.release(&Lease { owner: "run".to_owned(), token: 1, is_takeover: false }).await?,
        "outbox.write" => assert!(queue.write(&request("cat"), None).await?),
        // No purge run has taken the lease so often.
        "outbox.write under a lease" => {
            assert!(
                !queue
                    .write(&request("dog"), Some(&Lease { owner: "run".to_owned(), token: 7, is_takeover: false }))
                    .await?
            );
        }
        "outbox.requests" => drop(queue.requests().await?),
        "outbox.update" => queue.update(&request("cat")).await?,
        "outbox.remove" => Outbox::remove(queue, "cat").await?,
        "ledger.write" => ledger.write(&ledger_row(&target)).await?,
        "ledger.mark_completed" => {
            let completion = Completion { completed_at: NOW, refill_seen_at: None };
            ledger.mark_completed(&tenant, "pack#cat#1", &completion).await?;
        }
        "ledger.mark_deleted" => ledger.mark_deleted(&tenant, "pack#cat#1", 3, NOW).await?,
        "ledger.newest" => drop(ledger.newest(&tenant, &target, 10).await?),
        "render_locks" => {
            let locks = RenderLockTable::new(
                environment.dynamodb(),
                LocalDynamoDb::RENDER_LOCK_TABLE.to_owned(),
                Duration::from_secs(15),
            );
            let lock = locks.acquire(&tenant, "acme/cat/main", NOW).await?;
            locks.release(lock.unwrap()).await?;
        }
        "tenants.distributions" => assert_eq!(ports.tenants.distributions(&[tenant].into()).await?.len(), 1),
        "tenants.tenant" => assert!(ports.tenants.tenant(&tenant).await?.is_some()),
        unknown => panic!("no call is named {unknown}"),
    }
    Ok(())
}

/// A request with this caller reference.
pub(crate) fn request(caller_reference: &str) -> PurgeRequest {
    PurgeRequest {
        caller_reference: caller_reference.to_owned(),
        for_tenant: acme(),
        distribution: Distribution {
            distribution_id: "EACME".to_owned(),
            distribution_tenant_id: None,
            cache_tags: true,
        },
        items: Vec::new(),
        entries: Vec::new(),
        created_at: NOW,
        renamed: 0,
        joined_reference: None,
        invalidation_id: None,
        accepted_at: None,
    }
}

fn managed_items(environment: &Environment) -> ManagedItems {
    let table = LocalDynamoDb::IMAGE_PACK_TABLE.to_owned();
    ManagedItems::new(environment.dynamodb(), table, AttributeNames::default())
}

fn upsert(target: &Target) -> Enqueue {
    Enqueue {
        tenant: acme(),
        target: target.clone(),
        version: "1@test".to_owned(),
        last_event_at: NOW,
        cause: cause(),
        is_purged_at_once: false,
        sequences: Vec::new(),
    }
}

fn ledger_row(target: &Target) -> LedgerRow {
    LedgerRow {
        tenant: acme(),
        purge: "pack#cat#1".to_owned(),
        target: target.clone(),
        cause: cause(),
        version: "1@test".to_owned(),
        enqueued_at: NOW,
        started_at: NOW,
        is_final: true,
        variants_deleted: 0,
        variants_deleted_at: None,
        distribution_id: "EACME".to_owned(),
        invalidation_id: None,
        invalidation_status: "InProgress".to_owned(),
        created_at: None,
        completed_at: None,
        refill_seen_at: None,
        expires_at: NOW.as_secs(),
    }
}

fn cause() -> PurgeCause {
    PurgeCause {
        first_event_at: NOW,
        changes: 1,
        reasons: BTreeSet::from([Reason::ImageLocationsChanged]),
        requested_by: BTreeSet::from(["stream".to_owned()]),
    }
}

fn of_queue(error: QueueError) -> CallError {
    match error {
        QueueError::Call(error) => error,
        QueueError::Row { .. } => panic!("{error}"),
    }
}

fn of_read(error: ReadError) -> CallError {
    match error {
        ReadError::Call(error) => error,
        ReadError::Item { .. } => panic!("{error}"),
    }
}

fn of_write(error: WriteError) -> CallError {
    match error {
        WriteError::Read(error) => of_read(error),
        WriteError::Rejected(error) => error,
    }
}
