//! The purges of an environment, or of one tenant, at one time.

use std::collections::BTreeMap;

use aws_adapters::{AwsPorts, CallError, now};
use domain::purge::limits::Rules;
use domain::purge::overview::{Overview, Records, ShownMax, overview, waits};
use domain::purge::pacer::Quotas;
use domain::purge::purge_request::PurgeRequest;
use domain::purge::purge_status::Wait;
use domain::queue::queue_entry::QueueEntry;
use domain::{Distribution, Target, TenantId, Timestamp};
use purging::ports::{Outbox, Ports, Queue};
use purging::purger::Purger;

use crate::output::report_unreadable;
use crate::session::Session;

/// Everything that the overview and the reasons of the waiting rows rest on.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) at: Timestamp,
    entries: Vec<QueueEntry>,
    in_flight: Vec<PurgeRequest>,
    tenants: BTreeMap<TenantId, Distribution>,
    /// Rows and registrations that cannot be read.
    pub(crate) unreadable: Vec<String>,
    rules: Rules,
    quotas: Quotas,
}

impl Snapshot {
    /// Reads the purges of `tenant`, or of all. The outbox is read first, as a purge run reads it: a request that completes
    /// meanwhile has either its row or none.
    pub(crate) async fn read(
        session: &Session,
        Purger { executor, rules, quotas }: &Purger<AwsPorts>,
        tenant: Option<&TenantId>,
    ) -> Result<Self, CallError> {
        let queue = executor.ports.queue();
        let requests = queue.requests().await?;
        let registry = session.registry();
        let (entries, registrations) = match tenant {
            Some(tenant) => (queue.entries_of(tenant).await?, registry.registration(tenant).await?),
            None => (queue.entries().await?, registry.tenants().await?),
        };
        let rows = requests.unreadable.iter().chain(&entries.unreadable).map(ToString::to_string);
        let unreadable = rows.chain(registrations.unreadable).collect();
        Ok(Self {
            at: now(),
            entries: entries.rows,
            in_flight: requests.rows,
            tenants: registrations.tenants,
            unreadable,
            rules: *rules,
            quotas: *quotas,
        })
    }

    /// The overview, with every target that waits.
    pub(crate) fn overview(&self) -> Overview {
        let shown_max = ShownMax { targets: usize::MAX, completed: 0 };
        overview(self.at, &self.records(), &self.rules, self.quotas, shown_max)
    }

    /// The waits by the plan that a purge run would make now. A purge of all other rows is due.
    pub(crate) fn waits(&self) -> BTreeMap<(TenantId, Target), Wait> {
        waits(self.at, &self.records(), &self.rules, self.quotas)
    }

    fn records(&self) -> Records<'_> {
        Records { entries: &self.entries, in_flight: &self.in_flight, ledger: &[], tenants: &self.tenants }
    }

    /// Prints the records that cannot be read, and returns whether there are any.
    pub(crate) fn report_unreadable(&self) -> bool {
        report_unreadable(&self.unreadable)
    }
}
