//! `GET`: says where the purges of a pack stand.

use domain::purge::purge_request::PurgeRequest;
use domain::purge::purge_status::{Known, purge_status};
use domain::{ImagePackId, Target, TenantId};
use lambda_http::{Body, Response};
use purging::ports::{Clock, CloudFront, Ledger, Packs, Ports, Queue};

use crate::request::AdminRequest;
use crate::response::{self, unknown_pack};
use crate::{Failed, Handler};

/// How many of the newest purges of each target are read, to find the one that was completed last.
const PURGES_READ: u8 = 10;

impl<P: Ports, K: Packs> Handler<P, K> {
    pub(crate) async fn status(&self, request: &AdminRequest) -> Result<Response<Body>, Failed> {
        let tenant = &request.tenant;
        for pack in request.readings.iter().map(|reading| &reading.pack) {
            let known = self.known(tenant, pack).await?;
            // Of a pack that was removed, purges may be known.
            if knows_of(&known, pack) || self.exists(tenant, pack).await? {
                let now = self.ports().clock().now();
                let status = purge_status(now, &known, self.purger.delays.settle);
                return Ok(response::status(tenant, pack, &status));
            }
        }
        Err(unknown_pack(tenant, &request.readings).into())
    }

    /// What is known of the purges that cover `pack`.
    async fn known(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<Known, Failed> {
        let locations = self.packs.locations(tenant, pack).await?.into_iter().map(Target::Location);
        let targets: Vec<_> = [Target::Pack(pack.clone()), Target::Tenant].into_iter().chain(locations).collect();
        let mut known = Known::default();
        for target in &targets {
            known.entries.extend(self.ports().queue().find(tenant, target).await?);
            known.ledger.extend(self.ports().ledger().newest(tenant, target, PURGES_READ).await?);
        }
        for mut request in self.ports().queue().requests().await?.rows {
            request.entries.retain(|entry| targets.contains(&entry.target));
            if request.for_tenant == *tenant && !request.entries.is_empty() {
                let invalidation = self.invalidation(&request).await?;
                known.requests.push((request, invalidation));
            }
        }
        Ok(known)
    }

    async fn invalidation(
        &self,
        request: &PurgeRequest,
    ) -> Result<Option<domain::purge::ledger::Invalidation>, Failed> {
        match &request.invalidation_id {
            Some(id) => Ok(self.ports().cloudfront().find(&request.distribution.distribution_id, id).await?),
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
