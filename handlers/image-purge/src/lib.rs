//! The admin's purge: `DELETE …/images/{tenant}/{imagePackId}`. The pack may be named as an image's URL names it, with a
//! suffix: all of the pack is purged, whatever the suffix.
//!
//! It enqueues the purge like any other and then carries it out at once, by the same code as the scheduled run. What
//! fails on the way is therefore in the queue and is repeated by the next run; and the next run repeats the purge once
//! in any case, because a picture that was being made while it ran could have brought the old one back.

mod answer;

use std::collections::BTreeMap;

use admin_api::{Admin, Refusal, check_no_body, check_parameters};
use aws_adapters::CallFailed;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::invalidation_queue::QueueFailed;
use aws_adapters::purger::Purger;
use domain::change_detection::{Change, Reason};
use domain::enqueue::{Event, reduce};
use domain::image_url::{Reading, parse_image_segment};
use domain::planner::{Distribution, plan};
use domain::variant_key::Sweep;
use domain::{ImagePackId, Target, TenantId, Timestamp};
use lambda_http::{Body, Request, RequestExt, Response};

use crate::answer::{Done, of_failure, unknown_pack, unknown_tenant};

/// What answering a purge request touches.
#[derive(Debug, Clone)]
pub struct Handler {
    /// Says whether a pack exists.
    pub packs: ImagePackTable,
    /// Plans and carries out.
    pub purger: Purger,
    /// The token's claim that names its tenants.
    pub tenant_claim: String,
}

/// Why a purge could not be carried out although it may be.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Call(#[from] CallFailed),
    #[error(transparent)]
    Queue(#[from] QueueFailed),
    #[error("the purge is in the queue and the next scheduled run repeats it; it failed now: {}", .0.join("; "))]
    Steps(Vec<String>),
}

impl Handler {
    /// Answers one request. `request_id` identifies it and `now` is when it is answered.
    pub async fn handle(&self, request: &Request, request_id: &str, now: Timestamp) -> Response<Body> {
        match self.purge(request, request_id, now).await {
            Ok(Ok(done)) => done.into_response(),
            Ok(Err(refusal)) => refusal.into_response(),
            Err(failure) => {
                tracing::error!(%failure, "the purge failed");
                of_failure(matches!(failure, Failed::Steps(_) | Failed::Queue(QueueFailed::Row { .. }))).into_response()
            }
        }
    }

    async fn purge(
        &self,
        request: &Request,
        request_id: &str,
        now: Timestamp,
    ) -> Result<Result<Done, Refusal>, Failed> {
        let (tenant, readings) = match target_of(request) {
            Ok(target) => target,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let admin = match self.admin(request, &tenant) {
            Ok(admin) => admin,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some((tenant, distribution)) = self.purger.tenants.tenants().await?.remove_entry(&tenant) else {
            return Ok(Err(unknown_tenant(&tenant)));
        };
        let Some(pack) = self.first_existing(&tenant, &readings).await? else {
            return Ok(Err(unknown_pack(&tenant, &readings)));
        };
        let tenants = BTreeMap::from([(tenant.clone(), distribution)]);
        self.carry_out(tenants, tenant, pack, admin, request_id, now).await.map(Ok)
    }

    /// The admin who sent `request`, if they may purge for `tenant`.
    fn admin(&self, request: &Request, tenant: &TenantId) -> Result<Admin, Refusal> {
        let admin = Admin::of(request, &self.tenant_claim)?;
        admin.check_covers(tenant)?;
        Ok(admin)
    }

    /// The pack that is meant: of what stands in an image's URL, an admin may have copied the suffix too.
    async fn first_existing(&self, tenant: &TenantId, readings: &[Reading]) -> Result<Option<ImagePackId>, Failed> {
        for Reading { pack, .. } in readings {
            if self.exists(tenant, pack).await? {
                return Ok(Some(pack.clone()));
            }
        }
        Ok(None)
    }

    /// Whether there is anything to purge: a pack that was removed may have left variants behind.
    async fn exists(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<bool, Failed> {
        let found = self.packs.find(tenant, &[pack], &[]).await?;
        // A record that cannot be read is there, and its pictures can be purged.
        if found.packs.contains_key(pack) || !found.unreadable.is_empty() {
            return Ok(true);
        }
        let sweep = Sweep::of(tenant, &Target::Pack(pack.clone()));
        Ok(self.purger.executor.variants.has_any(&sweep).await?)
    }

    async fn carry_out(
        &self,
        tenants: BTreeMap<TenantId, Distribution>,
        tenant: TenantId,
        pack: ImagePackId,
        admin: Admin,
        request_id: &str,
        now: Timestamp,
    ) -> Result<Done, Failed> {
        let change = Change { tenant, target: Target::Pack(pack.clone()), reasons: vec![Reason::Manual] };
        let event = Event { change, written_at: now, sequence: "manual".to_owned() };
        let mut entries = Vec::new();
        for upsert in reduce(vec![event], now, request_id) {
            entries.push(self.purger.executor.queue.upsert(&upsert).await?);
        }
        let Purger { executor, delays, budgets, .. } = &self.purger;
        let plan = plan(now, entries, &tenants, delays, budgets);
        let report = executor.execute(plan, &format!("admin:{}", admin.subject)).await;
        match report.invalidations.into_iter().next() {
            Some((batch, invalidation)) if report.failures.is_empty() => {
                Ok(Done { pack, batch, invalidation, variants_deleted: report.variants_deleted })
            }
            _ => Err(Failed::Steps(report.failures)),
        }
    }
}

/// Reads from the path what is to be purged: the packs that it may mean, the likeliest first. What stands anywhere else
/// is refused: it might say that something else is meant.
fn target_of(request: &Request) -> Result<(TenantId, Vec<Reading>), Refusal> {
    check_parameters(request, &[])?;
    check_no_body(request)?;
    let parameters = request.path_parameters();
    let parameter = |name| parameters.first(name).unwrap_or_default();
    let tenant = TenantId::parse(parameter("tenant")).map_err(|error| Refusal::invalid(&error))?;
    let readings = parse_image_segment(parameter("imagePackId")).map_err(|error| Refusal::invalid(&error))?;
    Ok((tenant, readings))
}
