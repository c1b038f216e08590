//! Every call of DynamoDB and Systems Manager that the adapters make, by name.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_adapters::CallError;
use aws_adapters::image_pack_table::ReadError;
use aws_adapters::managed_items::{Editor, Expected, ManagedItems, WriteError};
use aws_adapters::render_lock_table::RenderLockTable;
use domain::change::detection::Reason;
use domain::editing::managed_pack::ManagedPack;
use domain::purge::distribution::Distribution;
use domain::purge::ledger::{Completion, LedgerRow};
use domain::purge::purge_request::PurgeRequest;
use domain::queue::enqueue::Enqueue;
use domain::queue::purge_cause::PurgeCause;
use domain::queue::queue_entry::DeletionCursor;
use domain::{AttributeNames, ImagePackId, Target};
use purging::ports::{Lease, Leases, Ledger, Outbox, Queue, QueueError, RowVersion, Tenants};
use support::{Environment, LEASE, LocalDynamoDb, NOW};

use crate::acme;

/// The calls that read.
pub(crate) const READS: [&str; 9] = [
    "packs.find",
    "items.read",
    "items.page",
    "queue.entries",
    "queue.find",
    "outbox.requests",
    "ledger.newest",
    "tenants.tenants",
    "tenants.tenant",
];

/// The calls that write to DynamoDB.
pub(crate) const WRITES: [&str; 15] = [
    "items.write",
    "items.remove",
    "queue.upsert",
    "queue.remove_if_unchanged",
    "queue.store_deletion_cursor",
    "queue.mark_early_purge",
    "leases.take",
    "leases.release",
    "outbox.write",
    "outbox.write under a lease",
    "outbox.update",
    "outbox.remove",
    "ledger.write",
    "ledger.mark_completed",
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
        "queue.mark_early_purge" => queue.mark_early_purge(row).await?,
        "leases.take" => assert!(queue.take("run", NOW, LEASE).await?.is_some()),
        "leases.release" => queue.release(&Lease { owner: "run".to_owned(), token: 1 }).await?,
        "outbox.write" => assert!(queue.write(&request("cat"), None).await?),
        // No purge run has taken the lease so often.
        "outbox.write under a lease" => {
            assert!(!queue.write(&request("dog"), Some(&Lease { owner: "run".to_owned(), token: 7 })).await?);
        }
        "outbox.requests" => drop(queue.requests().await?),
        "outbox.update" => queue.update(&request("cat")).await?,
        "outbox.remove" => Outbox::remove(queue, "cat").await?,
        "ledger.write" => ledger.write(&ledger_row(&target)).await?,
        "ledger.mark_completed" => {
            let completion = Completion { completed_at: None, refill_seen_at: None };
            ledger.mark_completed(&tenant, "pack#cat#1", &completion).await?;
        }
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
        "tenants.tenants" => assert_eq!(ports.tenants.tenants().await?.len(), 2),
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
        distribution: Distribution { distribution_id: "EACME".to_owned(), cache_tags: true },
        items: Vec::new(),
        entries: Vec::new(),
        created_at: NOW,
        renamed: 0,
        invalidation_id: None,
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
        started_at: NOW,
        is_final: true,
        variants_deleted: 0,
        distribution_id: "EACME".to_owned(),
        invalidation_id: None,
        invalidation_status: "InProgress".to_owned(),
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
