//! The responses to viewers, as CloudFront's metrics count them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;

/// The responses of one distribution. Of a multi-tenant distribution they are those of all its tenants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Responses {
    /// All of them.
    pub total: u64,
    /// Those with a status of 500 or more.
    pub server_errors: u64,
}

impl Responses {
    /// CloudFront's metric `5xxErrorRate` over the responses since `before`, in percent. `None`: there are none.
    #[must_use]
    pub fn server_error_rate_since(self, before: Self) -> Option<u64> {
        let [errors, total] = [self.server_errors - before.server_errors, self.total - before.total];
        (100 * errors).checked_div(total)
    }
}

/// The responses of each distribution since the emulator started. All clones share one state.
#[derive(Clone, Debug, Default)]
pub struct ResponseCounts(Arc<Mutex<HashMap<String, Responses>>>);

impl ResponseCounts {
    /// The responses of a distribution.
    #[must_use]
    pub fn of(&self, distribution_id: &str) -> Responses {
        self.lock().get(distribution_id).copied().unwrap_or_default()
    }

    pub(crate) fn count(&self, distribution_id: &str, status: StatusCode) {
        let mut counts = self.lock();
        let responses = counts.entry(distribution_id.to_owned()).or_default();
        responses.total += 1;
        responses.server_errors += u64::from(status.is_server_error());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Responses>> {
        // No holder of the lock panics in the middle of a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
