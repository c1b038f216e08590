//! Removed packs: they have variants in the bucket and no item in the table.

use aws_adapters::sdk_error;
use domain::purge::resync::{Changed, Suspect};
use domain::{ImagePackId, Target, TenantId};
use indicatif::ProgressBar;
use purging::ports::CallError;

use super::{Resync, Resynced};
use crate::recovery::Recovery;

/// Packs in one lookup, the maximum of `BatchGetItem` ("Service quotas", DynamoDB developer guide).
const PACKS_PER_LOOKUP: usize = 100;

impl Recovery {
    /// Enqueues each pack that has variants and is not in the table, page by page.
    pub(super) async fn resync_removed(
        &self,
        resync: &Resync,
        resynced: &mut Resynced,
        progress: &ProgressBar,
    ) -> Result<(), CallError> {
        if let Some(tenant) = &resync.tenant {
            return self.resync_removed_of(tenant, resync, resynced, progress).await;
        }
        let mut token = None;
        loop {
            let (folders, next) = self.folders("", token).await?;
            for tenant in folders.iter().filter_map(|folder| TenantId::parse(folder).ok()) {
                self.resync_removed_of(&tenant, resync, resynced, progress).await?;
            }
            if next.is_none() {
                return Ok(());
            }
            token = next;
        }
    }

    async fn resync_removed_of(
        &self,
        tenant: &TenantId,
        resync: &Resync,
        resynced: &mut Resynced,
        progress: &ProgressBar,
    ) -> Result<(), CallError> {
        let mut token = None;
        loop {
            let (folders, next) = self.folders(&format!("{tenant}/"), token).await?;
            let packs: Vec<_> = folders.iter().filter_map(|folder| ImagePackId::parse(folder).ok()).collect();
            for packs in packs.chunks(PACKS_PER_LOOKUP) {
                let suspects = self.removed(tenant, packs).await?;
                resynced.removed += suspects.len() as u64;
                self.resync_suspects(suspects, resync, resynced, progress).await?;
            }
            if next.is_none() {
                return Ok(());
            }
            token = next;
        }
    }

    /// Returns the packs that are not in the table.
    async fn removed(&self, tenant: &TenantId, packs: &[ImagePackId]) -> Result<Vec<Suspect>, CallError> {
        let found = self.packs.find(tenant, &packs.iter().collect::<Vec<_>>(), &[]).await?;
        let targets = packs.iter().filter(|id| !found.packs.contains_key(id)).map(|id| Target::Pack(id.clone()));
        let removed = targets.filter(|target| !found.unreadable.contains_key(target));
        let suspect = |target| Suspect { tenant: tenant.clone(), target, changed: Changed::Removed };
        Ok(removed.map(suspect).collect())
    }

    /// Returns the names of up to 1,000 folders directly below `prefix`, and the token of the next page.
    async fn folders(&self, prefix: &str, token: Option<String>) -> Result<(Vec<String>, Option<String>), CallError> {
        let bucket = &self.installation.variants_bucket;
        let list = self.clients.s3.list_objects_v2().bucket(bucket).prefix(prefix).delimiter("/");
        let page = list.set_continuation_token(token).send().await;
        let page = page.map_err(|error| sdk_error(format!("listing {prefix:?} of bucket {bucket}"), error))?;
        let folders = page.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix);
        let name = |folder: String| folder.strip_prefix(prefix).unwrap_or(&folder).trim_end_matches('/').to_owned();
        Ok((folders.map(name).collect(), page.next_continuation_token))
    }
}
