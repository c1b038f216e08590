//! Drops the entries that waited so long for their tenant's registration that no edge keeps an object from before the
//! change: CloudFront needs no invalidation any more. Their variants are deleted first, because those never expire.

use domain::Timestamp;
use domain::purge::batch::PlannedEntry;
use domain::queue::purge_cause::PurgeCause;
use futures_util::{StreamExt, stream};

use crate::executor::{Executor, Report};
use crate::ports::{Ports, Queue, RowVersion};
use crate::variant_deletion::delete_variants;

/// The number of entries that are dropped concurrently.
const CONCURRENT_ENTRIES: usize = 8;

impl<P: Ports> Executor<P> {
    /// Deletes the variants of `expired` entries until `until`, and removes each entry of which none is left, if it has
    /// not changed. The next purge run continues the others.
    pub(crate) async fn drop_expired(&self, expired: &[PlannedEntry], until: Timestamp) -> Report {
        let mut report = Report::default();
        let drops: Vec<_> = expired.iter().map(|planned| self.drop_entry(planned, until)).collect();
        let mut drops = stream::iter(drops).buffer_unordered(CONCURRENT_ENTRIES);
        while let Some(dropped) = drops.next().await {
            report.add(dropped);
        }
        report
    }

    async fn drop_entry(&self, planned: &PlannedEntry, until: Timestamp) -> Report {
        let entry = &planned.entry;
        let (tenant, target) = (&entry.tenant, &entry.target);
        let mut report = Report::default();
        let deletion = match delete_variants(&self.ports, planned, until).await {
            Ok(deletion) => deletion,
            Err(error) => {
                report.fail(error);
                return report;
            }
        };
        report.variants_deleted = deletion.deleted_now;
        if !deletion.is_finished {
            report.deletions_unfinished = 1;
            return report;
        }
        match self.ports.queue().remove_if_unchanged(RowVersion::from(entry)).await {
            Ok(true) => {
                let PurgeCause { first_event_at, changes, .. } = &entry.cause;
                tracing::warn!(
                    %tenant, %target, changes, first_event_at_millis = first_event_at.as_millis(),
                    variants_deleted = deletion.deleted_in_all,
                    "Dropped an entry: no distribution was registered for its tenant for as long as an edge may keep an \
                     image, so no cache has one from before the change."
                );
                report.entries_expired = 1;
            }
            Ok(false) => {}
            Err(error) => report.fail(error),
        }
        report
    }
}
