//! DynamoDB under load: transactions that take time and cancel each other, and partitions that are throttled.

use std::collections::BTreeMap;

use purging::ports::{CallError, CallErrorKind};

use crate::fault::Fault;
use crate::outage::Outage;
use crate::world::World;

/// The longest time from the start of a transaction until it is committed, in milliseconds.
const TRANSACTION_MAX_MS: u64 = 150;

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Packs,
    Queue,
    Ledger,
}

/// A partition: all items of a table that have the same partition key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Partition {
    pub(crate) table: Table,
    pub(crate) key: String,
}

/// An item of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    partition: Partition,
    sort_key: String,
}

/// The items that a call touches.
#[derive(Debug, Clone)]
pub(crate) enum Access {
    /// A strongly consistent read of these partitions.
    Read(Vec<Partition>),
    /// A write on one item.
    Write(Item),
    /// A transaction that writes or checks these items.
    Transaction(Vec<Item>),
}

/// The transactions that have begun and are not committed.
#[derive(Debug, Default)]
pub(crate) struct Transactions {
    ongoing: BTreeMap<u64, Ongoing>,
    begun: u64,
}

/// A transaction that has begun.
#[derive(Debug)]
struct Ongoing {
    items: Vec<Item>,
    is_canceled: bool,
}

/// The number of a transaction, and the time until it is committed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Begun {
    number: u64,
    pub(crate) millis: u64,
}

impl Partition {
    pub(crate) fn of(table: Table, key: &(impl ToString + ?Sized)) -> Self {
        Self { table, key: key.to_string() }
    }

    pub(crate) fn item(self, sort_key: &(impl ToString + ?Sized)) -> Item {
        Item { partition: self, sort_key: sort_key.to_string() }
    }
}

impl Access {
    fn partitions(&self) -> Vec<&Partition> {
        match self {
            Self::Read(partitions) => partitions.iter().collect(),
            Self::Write(item) => vec![&item.partition],
            Self::Transaction(items) => items.iter().map(|item| &item.partition).collect(),
        }
    }
}

/// Begins a call. `None`: it takes effect at once, because it is no transaction.
pub(crate) fn begin(world: &mut World, access: &Access) -> Result<Option<Begun>, CallError> {
    let now_ms = world.now_ms;
    let is_out = |partition: &&Partition| world.outages.is_on(&Outage::Partition((*partition).clone()), now_ms);
    if let Some(partition) = access.partitions().into_iter().find(is_out).cloned() {
        world.chance.count(Fault::PartitionThrottled);
        let cause = format!("ProvisionedThroughputExceededException: {partition:?}");
        return Err(CallError::new("a call to DynamoDB", cause).of_kind(CallErrorKind::Throttled));
    }
    let conflict = |cause| CallError::new("a call to DynamoDB", cause).of_kind(CallErrorKind::Conflict);
    match access {
        Access::Write(item) if world.transactions.on(item).is_some() => {
            world.chance.count(Fault::WriteConflict);
            Err(conflict("TransactionConflictException"))
        }
        Access::Read(_) | Access::Write(_) => Ok(None),
        Access::Transaction(items) => {
            let other = items.iter().find_map(|item| world.transactions.on(item));
            if let Some(other) = other {
                world.chance.count(Fault::TransactionCanceled);
                // DynamoDB does not say which of the two it cancels.
                if world.chance.happens(500) {
                    return Err(conflict("TransactionCanceledException: TransactionConflict"));
                }
                world.transactions.cancel(other);
            }
            let millis = world.chance.within(0..=TRANSACTION_MAX_MS);
            Ok(Some(world.transactions.begin(items.clone(), millis)))
        }
    }
}

/// Ends a transaction: it takes effect now, unless another one has canceled it.
pub(crate) fn commit(world: &mut World, begun: Begun) -> Result<(), CallError> {
    match world.transactions.ongoing.remove(&begun.number) {
        Some(ongoing) if !ongoing.is_canceled => Ok(()),
        _ => {
            let cause = "TransactionCanceledException: TransactionConflict";
            Err(CallError::new("a transaction", cause).of_kind(CallErrorKind::Conflict))
        }
    }
}

impl Transactions {
    /// The ongoing transaction on `item`.
    fn on(&self, item: &Item) -> Option<u64> {
        let ongoing = self.ongoing.iter().find(|(_, ongoing)| !ongoing.is_canceled && ongoing.items.contains(item));
        ongoing.map(|(number, _)| *number)
    }

    fn cancel(&mut self, number: u64) {
        if let Some(ongoing) = self.ongoing.get_mut(&number) {
            ongoing.is_canceled = true;
        }
    }

    fn begin(&mut self, items: Vec<Item>, millis: u64) -> Begun {
        self.begun += 1;
        self.ongoing.insert(self.begun, Ongoing { items, is_canceled: false });
        Begun { number: self.begun, millis }
    }
}
