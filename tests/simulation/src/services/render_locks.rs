//! The table of render locks: one request at a time renders a variant.

use std::collections::BTreeMap;
use std::time::Duration;

use delivery::ports::RenderLocks;
use domain::{TenantId, Timestamp};
use purging::ports::CallError;

use crate::lambda::Instance;
use crate::setup::IMAGE_PROCESSING;

/// The table of render locks: until when each variant is locked.
#[derive(Debug, Default)]
pub(crate) struct RenderLockTable {
    until: BTreeMap<String, Timestamp>,
}

/// A render lock that was acquired.
#[derive(Debug, Clone)]
pub(crate) struct RenderLock {
    key: String,
    until: Timestamp,
}

impl RenderLocks for Instance {
    type Lock = RenderLock;

    fn duration(&self) -> Duration {
        IMAGE_PROCESSING.time_limit
    }

    async fn acquire(
        &self,
        _tenant: &TenantId,
        variant: &str,
        now: Timestamp,
    ) -> Result<Option<RenderLock>, CallError> {
        let (key, until) = (variant.to_owned(), now.plus(self.duration()));
        let acquire = self.call(format!("locks {key}"), move |world| {
            let held = world.render_locks.until.get(&key).is_some_and(|held| *held > now);
            (!held).then(|| {
                world.render_locks.until.insert(key.clone(), until);
                RenderLock { key: key.clone(), until }
            })
        });
        acquire.await
    }

    async fn release(&self, RenderLock { key, until }: RenderLock) -> Result<(), CallError> {
        let release = self.call(format!("releases its lock of {key}"), move |world| {
            if world.render_locks.until.get(&key) == Some(&until) {
                world.render_locks.until.remove(&key);
            }
        });
        release.await
    }
}
