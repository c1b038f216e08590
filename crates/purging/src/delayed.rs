//! Delayed requests: a quota, a missing permission or a missing distribution keeps CloudFront from accepting them. They
//! stay in the outbox, and fail no purge run.

use domain::purge::purge_request::PurgeRequest;

use crate::ports::{CallError, CallErrorKind};

/// A request of the outbox that CloudFront has rejected for a reason that can end. It stays there and is sent again.
#[derive(Debug)]
pub struct Delayed {
    /// The request.
    pub request: PurgeRequest,
    /// The reason: CloudFront throttles it, the function has no permission for the distribution, or there is no such
    /// distribution.
    pub error: CallError,
}

impl Delayed {
    /// Whether CloudFront throttles the request, so that it may be accepted a little later. Otherwise an operator must
    /// act.
    #[must_use]
    pub fn is_throttled(&self) -> bool {
        matches!(self.error.kind(), CallErrorKind::Throttled | CallErrorKind::TooManyInProgress)
    }

    /// Logs the delay.
    pub(crate) fn log(&self) {
        let (error, tenant) = (&self.error, &self.request.for_tenant);
        if self.is_throttled() {
            tracing::warn!(%error, %tenant, "CloudFront throttles an invalidation; it waits and is sent again.");
        } else {
            tracing::error!(
                %error, %tenant,
                "The distribution of a tenant cannot be invalidated; its purges wait. Deploy the tenant's stack, which \
                 grants and registers its distribution."
            );
        }
    }
}

/// Whether CloudFront may accept the call later: the cause is a quota, a permission or a registration.
pub(crate) fn is_delay(error: &CallError) -> bool {
    matches!(
        error.kind(),
        CallErrorKind::Throttled
            | CallErrorKind::TooManyInProgress
            | CallErrorKind::BatchTooLarge
            | CallErrorKind::Denied
            | CallErrorKind::NotFound
    )
}
