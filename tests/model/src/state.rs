//! Everything at one moment.

use crate::cloudfront::CloudFront;
use crate::config::{Config, VariantsBucket};
use crate::copies::Copies;
use crate::mutation::Mutation;
use crate::queue::{Done, InvokedAt, Lease, Queue, Row, Writer};
use crate::request::{PurgeKind, Request, Served};
use crate::waker::Waker;
use crate::worker::{Token, Worker};

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
    /// The wake-ups that are under way, sorted.
    pub wakers: Vec<Waker>,
    /// The events and faults that are left.
    pub left: Left,
}

/// One pack: its row in the queue, its copies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Pack {
    /// The number of writes.
    pub writes: u8,
    /// The number of its stream records that were delivered.
    pub delivered: u8,
    /// The number of enqueues. The row's version is this number.
    pub enqueues: u8,
    /// The data at the last enqueue.
    pub enqueued: u8,
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
    /// POSTs.
    pub posts: u8,
    /// Crashes.
    pub crashes: u8,
    /// Leases that expire under a purge run.
    pub stalls: u8,
    /// Wake-ups that fail, and invocations that are lost.
    pub lost_wake_ups: u8,
}

impl State {
    /// Nothing has happened, and nothing is stored.
    #[must_use]
    pub fn initial(config: &Config) -> Self {
        let Config { redeliveries, deletes, posts, crashes, stalls, lost_wake_ups, .. } = *config;
        Self {
            packs: vec![Pack::default(); config.writes.len()],
            queue: Queue::default(),
            cloudfront: CloudFront::default(),
            workers: Vec::new(),
            wakers: Vec::new(),
            left: Left { redeliveries, deletes, posts, crashes, stalls, lost_wake_ups },
        }
    }

    /// `writer` enqueues `pack`: the row gets a version that it never had, and the settle delay counts from now.
    pub fn enqueue(&mut self, pack: usize, writer: Writer, config: &Config) {
        let marks_early_purge = writer == Writer::Delete && !config.has(Mutation::DeleteDoesNotMarkTheEarlyPurge);
        let pack = &mut self.packs[pack];
        pack.enqueues += 1;
        pack.enqueued = pack.copies.data;
        let was_manual = pack.row.is_some_and(|row| row.is_manual);
        pack.row = Some(Row {
            version: pack.enqueues,
            settles_in: config.settle_delay(),
            done: if marks_early_purge { Done::Early } else { Done::Nothing },
            is_manual: writer != Writer::Stream || (was_manual && !config.has(Mutation::NextEventForgetsTheDelete)),
            promises: pack.copies.data,
            is_woken: false,
        });
    }

    /// A POST joins the purge of `pack` that waits: it covers what is stored now.
    pub fn join(&mut self, pack: usize) {
        let pack = &mut self.packs[pack];
        pack.copies.make_stored_old();
        pack.enqueued = pack.copies.data;
        if let Some(row) = &mut pack.row {
            row.promises = pack.copies.data;
        }
    }

    /// The rows that are known in these versions, by pack.
    pub fn rows_of<'a>(&'a self, known: &'a [u8]) -> impl Iterator<Item = (usize, Row)> + 'a {
        let rows = self.packs.iter().zip(known).enumerate();
        rows.filter_map(|(pack, (state, version))| Some((pack, state.row.filter(|row| row.version == *version)?)))
    }

    /// The versions of all rows, by pack.
    #[must_use]
    pub fn versions(&self) -> Vec<u8> {
        self.packs.iter().map(|pack| pack.row.map_or(0, |row| row.version)).collect()
    }

    /// The purges that are due of the rows that are known in these versions, without regard to requests in flight: the
    /// planner's decision.
    #[must_use]
    pub fn due(&self, known: &[u8], config: &Config) -> Request {
        let unsettled = self.rows_of(known).filter(|(_, row)| row.settles_in > 0).count();
        let mut due = Request::default();
        for (pack, row) in self.rows_of(known).filter(|(_, row)| row.done != Done::Final) {
            let kind = if row.settles_in == 0 { PurgeKind::Final } else { PurgeKind::Early };
            let has_limit = !config.has(Mutation::EarlyPurgesWithoutLimit);
            let is_quiet = unsettled <= config.early_purge_targets_max || !has_limit;
            let has_early_purge = row.done == Done::Nothing && is_quiet;
            if kind == PurgeKind::Final || has_early_purge {
                due.entries[pack] = Some(Served::of(&row, kind, config));
            }
        }
        due
    }

    /// Whether there is work that can be done now, on rows that are known in these versions.
    #[must_use]
    pub fn has_work(&self, known: &[u8], config: &Config) -> bool {
        self.queue
            .outbox
            .iter()
            .any(|written| !written.is_accepted || self.cloudfront.is_done(&written.request, config))
            || !self.due(known, config).without_in_flight(&self.queue.outbox).is_empty()
            || self.rows_of(known).any(|(_, row)| row.done == Done::Final)
    }

    /// Whether a purge run that the schedule starts now changes anything. Without work it would only take the lease,
    /// which matters only if the purge run that had it last is still running.
    #[must_use]
    pub fn needs_the_schedule(&self, config: &Config) -> bool {
        self.has_work(&self.versions(), config) || self.workers.iter().any(|worker| worker.token == Token::Newest)
    }

    /// Whether the lease is that of a purge run that has crashed.
    #[must_use]
    pub fn is_lease_abandoned(&self) -> bool {
        self.queue.lease == Lease::Held && self.workers.iter().all(|worker| worker.token != Token::Newest)
    }

    /// The wake-up counter moves.
    pub fn count_wake_up(&mut self) {
        self.queue.is_tenant_woken = true;
        for worker in &mut self.workers {
            worker.is_behind = worker.token != Token::None;
        }
    }

    /// A wake-up has ended; `is_alive` says whether the purge run or the invocation that it relies on is.
    pub fn note_wake_up(&mut self, waker: Waker, is_alive: bool) {
        if let Some(row) = &mut self.packs[waker.pack].row {
            row.is_woken |= is_alive && row.version == waker.version;
        }
    }

    /// A fault: the schedule has to find the rows, except those whose wake-up begins later.
    pub fn excuse_wake_ups(&mut self) {
        for row in self.packs.iter_mut().filter_map(|pack| pack.row.as_mut()) {
            row.is_woken = false;
        }
        for waker in &mut self.wakers {
            waker.version = 0;
        }
    }

    /// The invocation that `invokedAt` announces is lost.
    pub fn lose_invocation(&mut self) {
        if self.queue.invoked_at == InvokedAt::Set {
            self.queue.invoked_at = InvokedAt::Stale;
        }
        self.excuse_wake_ups();
    }

    /// Whether a time unit changes anything.
    #[must_use]
    pub fn is_waiting_for_time(&self, config: &Config) -> bool {
        self.workers.iter().any(Worker::is_pausing)
            || self.packs.iter().any(|pack| {
                pack.row.is_some_and(|row| row.settles_in > 0)
                    || pack.copies.wait(config)
                    || pack.late_upsert_settles_in > 0
            })
    }

    /// The clock advances by a time unit, except for the workers.
    pub fn pass(&mut self, config: &Config) {
        for pack in &mut self.packs {
            pack.copies.pass(config);
            pack.late_upsert_settles_in = pack.late_upsert_settles_in.saturating_sub(1);
            if let Some(row) = &mut pack.row {
                row.settles_in = row.settles_in.saturating_sub(1);
            }
        }
    }
}

impl Served {
    /// A purge of `row`.
    #[must_use]
    pub fn of(row: &Row, kind: PurgeKind, config: &Config) -> Self {
        let deletes_first = row.is_manual || config.bucket == VariantsBucket::Existing;
        Self { version: row.version, kind, deletes_first, promises: row.promises }
    }
}
