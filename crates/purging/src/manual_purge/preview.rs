//! The preview of a purge: computed by the same plan, without any write.

use domain::image::variant_key::VariantScope;
use domain::purge::invalidation_item::InvalidationItem;
use domain::purge::manual_purge::{self, NextStep, next_step};
use domain::purge::purge_preview::{PurgePreview, purge_preview};
use domain::{Context, ImagePackId, Target, TenantId};

use super::known_purge::KnownPurge;
use super::{ManualPurge, ManualPurgeError, PackRequest};
use crate::ports::{CallError, ListFrom, Outbox, Packs, Ports, PurgeRuns, StoredObject, Variants};

/// The most keys of variants that a preview names.
const KEYS_SHOWN_MAX: usize = 10;

/// The effect that a purge of a pack would have.
#[derive(Debug)]
pub struct Preview {
    /// The pack.
    pub pack: ImagePackId,
    /// The request that would be sent. It has no items if the purge would join another one.
    pub request: PurgePreview,
    /// The variants that would be deleted.
    pub stored: StoredVariants,
    /// The purge in flight that the purge would join.
    pub joined: Option<JoinedPurge>,
}

/// A purge in flight that another request has begun.
#[derive(Debug)]
pub struct JoinedPurge {
    /// CloudFront's id of the invalidation. `None`: CloudFront has not accepted the request yet.
    pub invalidation_id: Option<String>,
}

/// The stored variants of the targets.
#[derive(Debug, Default)]
pub struct StoredVariants {
    /// Their number, as far as they were listed.
    pub count: usize,
    /// Whether there are so many that not all were listed.
    pub is_partial: bool,
    /// The first of their keys.
    pub first: Vec<String>,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Computes the effect of [`Self::purge`], and writes nothing.
    pub async fn preview(&self, request: &PackRequest, context: &Context) -> Result<Preview, ManualPurgeError> {
        let tenant = &request.tenant;
        let distribution = self.distribution(tenant).await?;
        let (pack, item) = self.existing_pack(request).await?;
        let target = Target::Pack(pack.clone());
        let sequence = manual_purge::sequence(item.pack());
        let KnownPurge { row, request: in_flight } = self.known_purge(tenant, &target, &distribution).await?;
        let joined = match next_step(context.now, &sequence, row.as_ref(), in_flight.as_ref()) {
            NextStep::Purge => None,
            NextStep::Join(request, _) => Some(JoinedPurge { invalidation_id: request.invalidation_id.clone() }),
            NextStep::Wait => Some(JoinedPurge { invalidation_id: None }),
        };
        let (items, stored) = if joined.is_some() {
            (Vec::new(), StoredVariants::default())
        } else {
            let item = InvalidationItem::covering(tenant, &target, distribution.cache_tags);
            (vec![item.to_string()], self.stored(tenant, &target).await?)
        };
        let in_flight = self.ports().outbox().requests().await?.rows;
        Ok(Preview { pack, request: purge_preview(tenant, &distribution, items, &in_flight), stored, joined })
    }

    async fn stored(&self, tenant: &TenantId, target: &Target) -> Result<StoredVariants, CallError> {
        let mut stored = StoredVariants::default();
        let mut pages = usize::MAX;
        self.list(&VariantScope::of(tenant, target), &mut stored, &mut pages).await?;
        Ok(stored)
    }

    /// Adds the variants of `scope` to `stored`, and takes the pages that it lists from `pages`.
    pub(super) async fn list(
        &self,
        scope: &VariantScope,
        stored: &mut StoredVariants,
        pages: &mut usize,
    ) -> Result<(), CallError> {
        let mut next: Option<String> = None;
        loop {
            let Some(left) = pages.checked_sub(1) else {
                stored.is_partial = true;
                return Ok(());
            };
            *pages = left;
            let from = next.as_deref().map_or(ListFrom::Start, ListFrom::Token);
            let page = self.ports().variants().list(&scope.prefix, from).await?;
            for StoredObject { key, .. } in page.objects.into_iter().filter(|object| scope.covers(&object.key)) {
                stored.count += 1;
                if stored.first.len() < KEYS_SHOWN_MAX {
                    stored.first.push(key);
                }
            }
            match page.next {
                Some(token) => next = Some(token),
                None => return Ok(()),
            }
        }
    }
}
