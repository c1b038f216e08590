//! Everything at one moment.

use crate::cloudfront::CloudFront;
use crate::config::Config;
use crate::copies::Copies;
use crate::mutation::Mutation;
use crate::queue::{Queue, Row};
use crate::request::{PurgeKind, Request, Served};
use crate::worker::Worker;

/// The world at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The packs.
    pub packs: Vec<Pack>,
    /// The queue's table, without the packs' rows.
    pub queue: Queue,
    /// CloudFront's list.
    pub cloudfront: CloudFront,
    /// The workers, sorted: two equal workers are interchangeable.
    pub workers: Vec<Worker>,
    /// The events and faults that are left.
    pub left: Left,
}

/// One pack: its data, its row in the queue, its copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pack {
    /// The number of writes. The images that viewers should see are rendered from this version of the data.
    pub data: u8,
    /// The number of its stream records that were delivered.
    pub delivered: u8,
    /// The number of enqueues. The row's version is this number.
    pub enqueues: u8,
    /// Its row in the queue.
    pub row: Option<Row>,
    /// The copies that viewers can get.
    pub copies: Copies,
    /// The oldest data that viewers may get, as the ledger's completed final purges promise it.
    pub promised: u8,
    /// The time left of the settle delay of an upsert that began at the first delivery and is under way since.
    pub late_upsert_settles_in: u8,
}

/// The events and faults that are left; see [`Config`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Left {
    /// Deliveries of records that were delivered before.
    pub redeliveries: u8,
    /// DELETEs.
    pub deletes: u8,
    /// Crashes.
    pub crashes: u8,
    /// Leases that expire under a purge run.
    pub stalls: u8,
}

impl State {
    /// Nothing has happened, and nothing is stored.
    #[must_use]
    pub fn initial(config: &Config) -> Self {
        let Config { redeliveries, deletes, crashes, stalls, .. } = *config;
        Self {
            packs: vec![Pack::default(); config.writes.len()],
            queue: Queue::default(),
            cloudfront: CloudFront::default(),
            workers: Vec::new(),
            left: Left { redeliveries, deletes, crashes, stalls },
        }
    }

    /// The stream's handler, or an admin's DELETE, enqueues `pack`: the row gets a version that it never had, and the
    /// settle delay counts from now.
    pub fn enqueue(&mut self, pack: usize, by_delete: bool, settle: u8) {
        let pack = &mut self.packs[pack];
        pack.enqueues += 1;
        pack.row = Some(Row {
            version: pack.enqueues,
            settles_in: settle,
            is_early_purge_done: by_delete,
            promises: pack.data,
        });
    }

    /// The entries that are due, without regard to requests in flight: the planner's decision.
    #[must_use]
    pub fn due(&self) -> Request {
        let mut due = Request::default();
        for (pack, row) in self.packs.iter().enumerate().filter_map(|(pack, state)| Some((pack, state.row?))) {
            let Row { version, settles_in, is_early_purge_done, promises } = row;
            let kind = if settles_in == 0 { PurgeKind::Final } else { PurgeKind::Early };
            if kind == PurgeKind::Final || !is_early_purge_done {
                due.entries[pack] = Some(Served { version, kind, promises });
            }
        }
        due
    }

    /// Whether a purge run that starts now has work. Without work it would only take the lease, which matters only if
    /// the purge run that had it last is still running.
    #[must_use]
    pub fn has_work(&self, mutation: Option<Mutation>) -> bool {
        let is_waiting = |request: &Request| {
            self.cloudfront.find(request, mutation).is_some_and(|invalidation| !invalidation.is_completed)
                && mutation != Some(Mutation::RowRemovedWhenAccepted)
        };
        self.queue.outbox.iter().any(|written| !written.is_accepted || !is_waiting(&written.request))
            || !self.due().without_in_flight(&self.queue.outbox).is_empty()
            || self.workers.iter().any(Worker::has_the_newest_token)
    }

    /// The purge run that the clock waits for, if one more tick would let its lease expire.
    #[must_use]
    pub fn holds_back_the_clock(&self, pause: u8) -> Option<usize> {
        self.workers.iter().position(|worker| {
            let needed = worker.pause_needed(pause);
            worker.has_the_newest_token()
                && !worker.is_stalled
                && self.queue.lease_left.saturating_sub(1) <= needed.saturating_sub(u8::from(worker.is_pausing()))
        })
    }

    /// Whether a tick changes anything.
    #[must_use]
    pub fn is_waiting_for_time(&self) -> bool {
        self.queue.lease_left > 0
            || self.workers.iter().any(Worker::is_pausing)
            || self.packs.iter().any(|pack| {
                pack.row.is_some_and(|row| row.settles_in > 0) || pack.copies.wait() || pack.late_upsert_settles_in > 0
            })
    }

    /// The clock advances by a tick, except for the workers.
    pub fn tick(&mut self, config: &Config) {
        self.queue.lease_left = self.queue.lease_left.saturating_sub(1);
        for pack in &mut self.packs {
            pack.copies.tick(&config.timing);
            pack.late_upsert_settles_in = pack.late_upsert_settles_in.saturating_sub(1);
            if let Some(row) = &mut pack.row {
                row.settles_in = row.settles_in.saturating_sub(1);
            }
        }
    }
}
