//! Ports: the AWS services that a purge uses, one trait each.
//!
//! `aws-adapters` implements them over the SDK's clients; the simulation implements them with every failure that AWS
//! has. Each call may fail before or after it took effect, and a function may stop at any call: the protocol holds all
//! the same.

use domain::Measurements;

mod allowances;
mod call_error;
mod clock;
mod cloudfront;
mod dead_letters;
mod event_bus;
mod leases;
mod ledger;
mod outbox;
mod packs;
mod queue;
mod tenants;
mod variants;
mod wakeups;

pub use allowances::Allowances;
pub use call_error::{CallError, CallErrorKind};
pub use clock::Clock;
pub use cloudfront::{CloudFront, CreateInvalidationError};
pub use dead_letters::DeadLetters;
pub use event_bus::EventBus;
pub use leases::{Lease, Leases};
pub use ledger::Ledger;
pub use outbox::Outbox;
pub use packs::{PackItem, Packs};
pub use queue::{Queue, QueueError, RowVersion, Rows};
pub use tenants::Tenants;
pub use variants::{ListFrom, StoredObject, Undeleted, Variants, VariantsPage};
pub use wakeups::{PurgeRuns, Wakeups, Woken};

/// The ports of a purge.
pub trait Ports: Send + Sync {
    /// The invalidation queue.
    type Queue: Queue;
    /// The lease of the purge run.
    type Leases: Leases;
    /// The counter of wake-ups.
    type Wakeups: Wakeups;
    /// The outbox.
    type Outbox: Outbox;
    /// The variants bucket.
    type Variants: Variants;
    /// CloudFront.
    type CloudFront: CloudFront;
    /// The purge ledger.
    type Ledger: Ledger;
    /// The tenant registry.
    type Tenants: Tenants;
    /// The allowances of manual purges.
    type Allowances: Allowances;
    /// The clock.
    type Clock: Clock;

    /// The invalidation queue.
    fn queue(&self) -> &Self::Queue;
    /// The lease of the purge run.
    fn leases(&self) -> &Self::Leases;
    /// The counter of wake-ups.
    fn wakeups(&self) -> &Self::Wakeups;
    /// The outbox.
    fn outbox(&self) -> &Self::Outbox;
    /// The variants bucket.
    fn variants(&self) -> &Self::Variants;
    /// CloudFront.
    fn cloudfront(&self) -> &Self::CloudFront;
    /// The purge ledger.
    fn ledger(&self) -> &Self::Ledger;
    /// The tenant registry.
    fn tenants(&self) -> &Self::Tenants;
    /// The allowances of manual purges.
    fn allowances(&self) -> &Self::Allowances;
    /// The clock.
    fn clock(&self) -> &Self::Clock;

    /// Records measurements.
    fn record(&self, measurements: &Measurements);
}
