//! The status of the purges of a pack.

use domain::purge::ledger::Invalidation;
use domain::purge::overview::{Records, waits};
use domain::purge::purge_request::PurgeRequest;
use domain::purge::purge_status::{Known, PurgeStatus, purge_status};
use domain::{Context, Distribution, ImagePackId, Target, TenantId, Timestamp};

use super::{ManualPurge, ManualPurgeError, PackRequest};
use crate::ports::{CallError, CloudFront, Ledger, Outbox, PackItem, Packs, Ports, PurgeRuns, Queue};

/// The number of newest purges of each target that are read, to find the one that was completed last.
const PURGES_READ: u8 = 10;

/// The status of the purges of one pack.
#[derive(Debug)]
pub struct PackStatus {
    /// The pack.
    pub pack: ImagePackId,
    /// The status of its purges.
    pub status: PurgeStatus,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Reads the status of the purges of a pack, and writes nothing.
    pub async fn status(&self, request: &PackRequest, context: &Context) -> Result<PackStatus, ManualPurgeError> {
        let tenant = &request.tenant;
        let distribution = self.distribution(tenant).await?;
        for pack in request.readings.iter().map(|reading| &reading.pack) {
            let item = self.packs.find(tenant, pack).await?;
            let known = self.known(context.now, tenant, &distribution, pack, &item).await?;
            // Of a pack that was removed, purges may be known.
            if item != PackItem::Absent || knows_of(&known, pack) || self.has_variants(tenant, pack).await? {
                let status = purge_status(context.now, &known, self.purger.rules.delays.settle);
                return Ok(PackStatus { pack: pack.clone(), status });
            }
        }
        Err(ManualPurgeError::UnknownPack)
    }

    /// The purges that cover `pack`, as far as queue, outbox, CloudFront and ledger know them.
    async fn known(
        &self,
        now: Timestamp,
        tenant: &TenantId,
        distribution: &Distribution,
        pack: &ImagePackId,
        item: &PackItem,
    ) -> Result<Known, ManualPurgeError> {
        let locations = item.pack().into_iter().flat_map(|pack| pack.image_locations.keys());
        let locations = locations.cloned().map(Target::Location);
        let targets: Vec<_> = [Target::Pack(pack.clone()), Target::Tenant].into_iter().chain(locations).collect();
        let mut known = Known::default();
        // The outbox, then the rows, then the ledger, as a purge goes: it leaves the outbox after its row is marked or removed,
        // and is completed in the ledger before. One that completes meanwhile is known from one of them.
        let in_flight = self.ports().outbox().requests().await?.rows;
        let mut has_rows = false;
        for target in &targets {
            has_rows |= self.ports().queue().find(tenant, target).await?.is_some();
        }
        if has_rows {
            let rows = self.ports().queue().entries_of(tenant).await?.rows;
            let tenants = &[(tenant.clone(), distribution.clone())].into();
            let records = Records { entries: &rows, in_flight: &in_flight, ledger: &[], tenants };
            let waits = waits(now, &records, &self.purger.rules, self.purger.quotas);
            known.waits = waits.into_values().collect();
            known.entries = rows.into_iter().filter(|row| targets.contains(&row.target)).collect();
        }
        for target in &targets {
            known.ledger.extend(self.ports().ledger().newest(tenant, target, PURGES_READ).await?);
        }
        for mut request in in_flight {
            request.entries.retain(|entry| targets.contains(&entry.target));
            if request.for_tenant == *tenant && !request.entries.is_empty() {
                let invalidation = self.invalidation(&request).await?;
                known.requests.push((request, invalidation));
            }
        }
        Ok(known)
    }

    /// The state of the invalidation of `request`. `None`: CloudFront has not accepted it, or no longer has it.
    pub(super) async fn invalidation(&self, request: &PurgeRequest) -> Result<Option<Invalidation>, CallError> {
        match &request.invalidation_id {
            Some(id) => self.ports().cloudfront().find(&request.distribution, id).await,
            None => Ok(None),
        }
    }
}

fn knows_of(known: &Known, pack: &ImagePackId) -> bool {
    let target = Target::Pack(pack.clone());
    known.entries.iter().any(|entry| entry.target == target)
        || known.ledger.iter().any(|row| row.target == target)
        || known.requests.iter().any(|(request, _)| request.entries.iter().any(|entry| entry.target == target))
}
