//! The world outside the functions: its services, its time, and the checker.

use domain::image::variant_key::VariantScope;
use domain::purge::invalidation_item::InvalidationItem;
use domain::{Target, TenantId};

use crate::actors::viewer::{self, Url};
use crate::chance::Chance;
use crate::checker::{Checker, Promise, Violation};
use crate::mutation::Mutation;
use crate::outage::{Outage, Outages};
use crate::schedule::{EventQueue, Simulation};
use crate::services::cloudfront::CloudFronts;
use crate::services::dead_letters::DeadLetterQueue;
use crate::services::dynamodb::Transactions;
use crate::services::ledger::LedgerTable;
use crate::services::pack_table::PackTable;
use crate::services::queue_table::QueueTable;
use crate::services::registry::Registry;
use crate::services::render_locks::RenderLockTable;
use crate::services::variants_bucket::VariantsBucket;
use crate::setup::Setup;

/// The start of every simulation, in milliseconds since the Unix epoch.
const BEGINNING_MS: u64 = 1_800_000_000_000;

/// The world outside the functions.
pub(crate) struct World {
    /// The true time.
    pub(crate) now_ms: u64,
    pub(crate) chance: Chance,
    pub(crate) event_queue: EventQueue,
    /// The handle by which tasks share this world. `None` after the end.
    pub(crate) simulation: Option<Simulation>,
    pub(crate) setup: Setup,
    pub(crate) mutation: Option<Mutation>,
    pub(crate) outages: Outages,
    pub(crate) transactions: Transactions,
    pub(crate) registry: Registry,
    pub(crate) packs: PackTable,
    pub(crate) queue: QueueTable,
    pub(crate) variants: VariantsBucket,
    pub(crate) cloudfront: CloudFronts,
    pub(crate) ledger: LedgerTable,
    pub(crate) dead_letters: DeadLetterQueue,
    pub(crate) render_locks: RenderLockTable,
    pub(crate) checker: Checker,
    /// Whether no fault has an effect any more, except for the lasting outage.
    pub(crate) is_calm: bool,
    /// The number of invocations of functions.
    pub(crate) invocations: u64,
    /// The number of purge runs that wakers have invoked.
    pub(crate) wakings: u64,
    /// The trace, line by line, if it was requested.
    pub(crate) lines: Option<Vec<String>>,
    /// A hash of all that happened: equal for equal seeds.
    pub(crate) fingerprint: u64,
}

impl World {
    /// The version of a row of the queue, if its early purge is in flight or completed.
    pub(crate) fn version_purged_early(&self, (tenant, target): &(TenantId, Target)) -> Option<String> {
        let version = &self.queue.entries.get(&(tenant.clone(), target.clone()))?.version;
        let in_ledger = self.ledger.rows.values().any(|row| {
            (&row.tenant, &row.target, &row.version) == (tenant, target, version)
                && !row.is_final
                && row.completed_at.is_some()
        });
        let requests = self.queue.requests.values().filter(|request| request.for_tenant == *tenant);
        let in_outbox = requests
            .flat_map(|request| &request.entries)
            .any(|entry| (&entry.target, &entry.version) == (target, version) && !entry.is_final);
        (in_ledger || in_outbox).then(|| version.clone())
    }

    pub(crate) fn of(seed: u64, mutation: Option<Mutation>, is_traced: bool) -> Self {
        let mut chance = Chance::of(seed);
        // Purges of many, of everything too, hide what other purges miss: half of the seeds have none.
        // A status changes what chance does next: the older regressions, no multiples of 11, stay as they are.
        let setup = Setup::drawn(&mut chance, seed.is_multiple_of(2), seed.is_multiple_of(11));
        Self {
            now_ms: BEGINNING_MS,
            event_queue: EventQueue::default(),
            simulation: None,
            mutation,
            outages: Outages::default(),
            transactions: Transactions::default(),
            registry: Registry::of(&setup),
            packs: PackTable::default(),
            queue: QueueTable::default(),
            variants: VariantsBucket::default(),
            cloudfront: CloudFronts::of(&setup),
            ledger: LedgerTable::default(),
            dead_letters: DeadLetterQueue::default(),
            render_locks: RenderLockTable::default(),
            checker: Checker::default(),
            is_calm: false,
            invocations: 0,
            wakings: 0,
            lines: is_traced.then(Vec::new),
            fingerprint: 0,
            setup,
            chance,
        }
    }

    /// Lets something happen in `millis` milliseconds.
    pub(crate) fn after_ms(&mut self, millis: u64, event: impl FnOnce(&mut Self) + Send + 'static) {
        let tie = self.chance.tie();
        self.event_queue.add(self.now_ms + millis, tie, Box::new(event));
    }

    /// Milliseconds since the beginning.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        self.now_ms - BEGINNING_MS
    }

    /// Sends a viewer to an image of `target` within the next `millis_max` milliseconds: something has just happened to it.
    pub(crate) fn make_curious(&mut self, tenant: &TenantId, target: &Target, millis_max: u64) {
        if let Some(simulation) = self.simulation.clone() {
            let (edge, url) = (*self.chance.one_of(&[0, 1]), Url::of(self, tenant, target));
            let pause_ms = self.chance.within(0..=millis_max);
            self.event_queue.begin(Box::pin(async move {
                simulation.sleep_ms(pause_ms).await;
                viewer::look(&simulation, edge, &url).await;
            }));
        }
    }

    /// Whether stream, queue and outbox are empty. During the lasting outage of one tenant: of everything else.
    pub(crate) fn is_quiet(&self) -> bool {
        let out = self.outages.lasting().and_then(Outage::tenant);
        let waits = |tenant: &TenantId| Some(tenant.as_str()) != out;
        self.packs.is_delivered()
            && !self.queue.entries.keys().any(|(tenant, _)| waits(tenant))
            && !self.queue.requests.values().any(|request| waits(&request.for_tenant))
    }

    /// Reports that queue or outbox never became empty.
    pub(crate) fn report_left(&mut self, violation: Violation) {
        let (entries, requests) = (self.queue.entries.len(), self.queue.requests.len());
        let lasting = self.outages.lasting().map(|outage| format!(", during {outage:?}")).unwrap_or_default();
        let how = format!("{entries} entries and {requests} requests never left the queue{lasting}");
        self.checker.report(violation, how);
    }

    /// Checks that nothing is left of what a POST found: neither an object of the tenant's distribution nor a variant.
    pub(crate) fn look_for_older_copies(&mut self, promise: &Promise) {
        let Promise { tenant, target, began_ms, .. } = promise;
        let cached = self.registry.distribution(tenant).and_then(|distribution| {
            let item = InvalidationItem::covering(tenant, target, distribution.cache_tags).to_string();
            let state = self.cloudfront.distributions.get(&distribution.distribution_id)?;
            state.older_object(&item, *began_ms, self.now_ms)
        });
        let variant = self.variants.older_variant(&VariantScope::of(tenant, target), *began_ms);
        if let Some(copy) = cached.or(variant) {
            let how = format!("{copy} is from before a POST of {target} of {tenant} whose final purge is completed");
            self.checker.report(Violation::Lost, how);
        }
    }

    /// Adds a line to the trace, if it was requested.
    pub(crate) fn trace(&mut self, line: impl FnOnce() -> String) {
        let elapsed_ms = self.elapsed_ms();
        self.fingerprint = self.fingerprint.rotate_left(5) ^ elapsed_ms.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        if let Some(lines) = &mut self.lines {
            lines.push(format!("{:>5}.{:03} s  {}", elapsed_ms / 1000, elapsed_ms % 1000, line()));
        }
    }
}
