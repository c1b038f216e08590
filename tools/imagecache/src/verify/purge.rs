//! Verdicts on the purge of a probe.

use std::time::Duration;

use domain::purge::ledger::LedgerRow;
use domain::purge::purge_request::PurgeRequest;
use domain::{Target, TenantId, Timestamp};

use super::check::{Subject, Verdict};

/// The time in which CloudFront accepts a request, unless it throttles or denies it.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(30);

/// The time in which a purge that CloudFront has completed must reach a viewer.
const EFFECTIVE_WITHIN: Duration = Duration::from_secs(10);

/// The traces of the purge of one target.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    /// Whether the queue has the target's row.
    pub(crate) is_queued: bool,
    /// The request of the outbox that purges it, or that it waits for.
    pub(crate) request: Option<PurgeRequest>,
    /// The newest purge of the ledger.
    pub(crate) newest: Option<LedgerRow>,
}

impl Traces {
    /// The final purge, if CloudFront has completed it.
    pub(crate) fn completed(&self) -> Option<(&LedgerRow, Timestamp)> {
        let newest = self.newest.as_ref().filter(|row| row.is_final)?;
        Some((newest, newest.completed_at?))
    }

    /// Whether the purge has failed, at `now` and `waited` after the edit: waiting for it longer has no use.
    pub(crate) fn is_over(&self, now: Timestamp, waited: Duration, limit: Duration) -> bool {
        let is_ineffective = self.completed().is_some_and(|(_, at)| at.plus(EFFECTIVE_WITHIN) < now);
        let is_unaccepted = self
            .request
            .as_ref()
            .is_some_and(|request| request.invalidation_id.is_none() && request.created_at.plus(ACCEPTED_WITHIN) < now);
        is_ineffective || is_unaccepted || waited > limit
    }

    /// The verdict on a purge after which viewers of `host` still get the old image.
    pub(crate) fn stale(&self, subject: &Subject, host: &str, waited: Duration) -> Verdict {
        let waited = waited.as_secs();
        let still = format!("{waited} s after an edit, viewers of {host} still get the old image");
        let (found, action) = self.cause(subject);
        Err((format!("{still}: {found}"), action))
    }

    /// The verdict on a purge that is not completed, of a distribution whose viewers are not asked.
    pub(crate) fn incomplete(&self, subject: &Subject, waited: Duration) -> Verdict {
        let (found, action) = self.cause(subject);
        Err((format!("{} s after an edit, no purge is completed: {found}", waited.as_secs()), action))
    }

    fn cause(&self, subject: &Subject) -> (String, String) {
        if let Some((row, _)) = self.completed() {
            let id = &row.distribution_id;
            return (
                format!(
                    "CloudFront has completed the purge at distribution {id}, which does not serve them or has no tags of the image"
                ),
                "Correct what the checks of the host, the tag header and the tags found".to_owned(),
            );
        }
        if let Some(request) = &self.request {
            let id = &request.distribution.distribution_id;
            return match &request.invalidation_id {
                None => (
                    format!("CloudFront does not accept the invalidation of distribution {id}"),
                    format!(
                        "Read the log of image-invalidation. If the call is denied, the distribution lacks the grant, its \
                         tag {}. {}",
                        contract::names::ENVIRONMENT_TAG,
                        subject.deploy_tenant()
                    ),
                ),
                Some(invalidation) => (
                    format!("CloudFront has not completed invalidation {invalidation} of distribution {id}"),
                    "Wait, and verify again".to_owned(),
                ),
            };
        }
        if self.is_queued {
            (
                "the change waits in the queue, and no purge run has purged it".to_owned(),
                "Read the log of image-invalidation, and check the schedule".to_owned(),
            )
        } else {
            (
                "the change is neither in the queue nor in the ledger: the stream has not delivered it".to_owned(),
                "Read the log of dynamodb-imagepacks-stream, and check the stream's mapping".to_owned(),
            )
        }
    }
}

/// The request of the outbox that purges `target`, or the oldest one of the tenant that CloudFront has not accepted: a purge
/// run sends no further request for a distribution that denies one.
pub(crate) fn request_of(requests: Vec<PurgeRequest>, tenant: &TenantId, target: &Target) -> Option<PurgeRequest> {
    let of_target = |request: &PurgeRequest| request.entries.iter().any(|entry| entry.target == *target);
    let mut of_tenant: Vec<_> = requests.into_iter().filter(|request| request.for_tenant == *tenant).collect();
    of_tenant.retain(|request| of_target(request) || request.invalidation_id.is_none());
    of_tenant.into_iter().min_by_key(|request| (!of_target(request), request.created_at))
}

/// Whether an object that is `age_secs` old was in the cache before the edit, which was made `since_edit` ago, a second or
/// more after the object was stored.
pub(crate) fn is_older_than_edit(age_secs: u64, since_edit: Duration) -> bool {
    age_secs > since_edit.as_secs()
}

#[cfg(test)]
mod tests;
