//! The table of claims: who makes which variant right now.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::{TenantId, Timestamp};
use image_processing::ports::Claims;
use purging::ports::CallFailed;

use crate::lambda::Instance;
use crate::setup::IMAGE_PROCESSING;

/// The table of claims: until when each variant is claimed.
#[derive(Debug, Default)]
pub(crate) struct ClaimTable {
    until: BTreeMap<String, Timestamp>,
}

/// A claim that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    key: String,
    until: Timestamp,
}

impl Claims for Instance {
    type Claim = Claim;

    fn duration(&self) -> Duration {
        IMAGE_PROCESSING.time_limit
    }

    async fn take(
        &self,
        _tenant: &TenantId,
        variant: &str,
        revision: &str,
        now: Timestamp,
    ) -> Result<Option<Claim>, CallFailed> {
        let (key, until) = (format!("{variant}@{revision}"), now.plus(self.duration()));
        let take = self.call(format!("claims {key}"), move |world| {
            let held = world.claims.until.get(&key).is_some_and(|held| *held > now);
            (!held).then(|| {
                world.claims.until.insert(key.clone(), until);
                Claim { key: key.clone(), until }
            })
        });
        take.await
    }

    async fn release(&self, Claim { key, until }: Claim) -> Result<(), CallFailed> {
        let release = self.call(format!("releases its claim of {key}"), move |world| {
            if world.claims.until.get(&key) == Some(&until) {
                world.claims.until.remove(&key);
            }
        });
        release.await
    }
}
