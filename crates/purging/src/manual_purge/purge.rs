//! The purge of a pack, executed at once.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::purge::batch::PlannedEntry;
use domain::purge::deletion::{Deletion, DeletionPurpose};
use domain::purge::ledger::{IN_PROGRESS, Invalidation};
use domain::purge::manual_purge::{self, NextStep, next_step};
use domain::purge::planner::manual_request;
use domain::purge::purge_request::PurgeRequest;
use domain::queue::queue_entry::QueueEntry;
use domain::{Context, Distribution, ImagePackId, Target, Timestamp};

use super::allowance::Token;
use super::known_purge::KnownPurge;
use super::{ManualPurge, ManualPurgeError, PackRequest};
use crate::delayed::Delayed;
use crate::executor::Report;
use crate::ports::{Clock, Packs, Ports, PurgeRuns, Queue};
use crate::step_error::StepError;
use crate::variant_deletion::delete_variants;
use crate::wake_up::wake;

/// The pause between two looks at the purge that another request is beginning.
const PAUSE: Duration = Duration::from_millis(200);

/// The longest time that a request waits for the purge of another one: [`manual_purge::BEGINNING_MAX`] and
/// [`manual_purge::SUBMISSION_MAX`] together.
const WAITING_MAX: Duration = Duration::from_secs(15);

/// The time before the deadline that is reserved for sending the request, writing its rows and waking a purge run.
const SENDING_MAX: Duration = Duration::from_secs(10);

/// The longest time from the first throttled call to the last pause. A quota of the account is one wildcard a second, so a
/// purge run that sends one in the same second is enough to be throttled.
const THROTTLED_MAX: Duration = Duration::from_secs(8);

/// The pause before the first repetition: the period of CloudFront's quotas. Each next pause is twice as long, which leaves the
/// rate of calls, one in two seconds for the account, to the others.
const THROTTLED_PAUSE_MIN: Duration = Duration::from_secs(1);

/// A purge whose invalidation CloudFront has accepted.
#[derive(Debug)]
pub struct Purged {
    /// The pack.
    pub pack: ImagePackId,
    /// The request that was sent.
    pub request: PurgeRequest,
    /// CloudFront's invalidation.
    pub invalidation: Invalidation,
    /// Whether another request had begun the purge already.
    pub is_joined: bool,
}

impl<P: Ports, K: Packs, R: PurgeRuns> ManualPurge<P, K, R> {
    /// Purges a pack: enqueues the purge and executes it, or joins the purge of the pack that another request has begun
    /// and that is in flight.
    pub async fn purge(&self, request: &PackRequest, context: &Context) -> Result<Purged, ManualPurgeError> {
        let PackRequest { tenant, subject, .. } = request;
        let distribution = self.distribution(tenant).await?;
        let (pack, item) = self.existing_pack(request).await?;
        let target = Target::Pack(pack.clone());
        let sequence = manual_purge::sequence(item.pack());
        let version = format!("{sequence}@{}", context.id);
        let mut token = Token::default();
        let until = self.now().plus(WAITING_MAX);
        loop {
            let now = self.now();
            let KnownPurge { row, request: in_flight } = self.known_purge(tenant, &target, &distribution).await?;
            match next_step(now, &sequence, row.as_ref(), in_flight.as_ref()) {
                NextStep::Join(request, invalidation) => {
                    self.give_back(tenant, &token).await;
                    return self.join(pack, request.clone(), invalidation.cloned(), context.deadline).await;
                }
                NextStep::Purge if self.take(tenant, &mut token).await? => {
                    let upsert =
                        manual_purge::enqueue(tenant, &target, &version, requester(subject), row.as_ref(), now);
                    let seen = row.as_ref().map(|row| row.version.as_str());
                    if let Some(entry) = self.ports().queue().upsert_if_unchanged(&upsert, seen).await? {
                        tracing::info!(%tenant, %target, correlation_id = version, "The purge is in the queue.");
                        let purged = self.begin(pack, distribution, entry, context.deadline).await;
                        // Afterwards, so that the purge run finds the request in the outbox and tracks it.
                        let tenants = BTreeSet::from([tenant.clone()]);
                        let purge_runs = self.purge_runs.as_ref();
                        wake(self.ports().wakeups(), purge_runs, &tenants, self.ports().clock()).await;
                        return purged;
                    }
                }
                NextStep::Purge | NextStep::Wait => {}
            }
            if now >= until {
                self.give_back(tenant, &token).await;
                return Err(ManualPurgeError::StillBeginning);
            }
            self.ports().clock().sleep(PAUSE).await;
        }
    }

    /// Responds with the purge of another request. If CloudFront has not accepted that, submits it again, which is
    /// idempotent.
    async fn join(
        &self,
        pack: ImagePackId,
        request: PurgeRequest,
        invalidation: Option<Invalidation>,
        deadline: Timestamp,
    ) -> Result<Purged, ManualPurgeError> {
        tracing::info!(caller_reference = request.caller_reference, "The purge is in flight already; joining it.");
        if let Some(invalidation) = invalidation {
            return Ok(Purged { pack, request, invalidation, is_joined: true });
        }
        let mut report = Report::default();
        self.purger.executor.send(request, None, &mut report).await;
        self.repeat_while_throttled(&mut report, deadline).await;
        purged(pack, report, true)
    }

    /// Executes the early purge of `entry`, which this request has enqueued.
    async fn begin(
        &self,
        pack: ImagePackId,
        distribution: Distribution,
        entry: QueueEntry,
        deadline: Timestamp,
    ) -> Result<Purged, ManualPurgeError> {
        let executor = &self.purger.executor;
        let began_at = self.now();
        let deletion = Deletion {
            entry: entry.clone(),
            began_at,
            purpose: DeletionPurpose::Purge { is_final: false },
            stored_before: None,
        };
        let deleted = delete_variants(&executor.ports, &deletion, deadline.minus(SENDING_MAX)).await;
        let deleted = deleted.map_err(|error| ManualPurgeError::Steps(vec![error.into()]))?;
        if !deleted.is_finished {
            return Err(ManualPurgeError::Steps(vec![StepError::VariantsLeft]));
        }
        let variants_deleted = deleted.deleted_in_all;
        let planned = PlannedEntry { entry, began_at, is_final: false, variants_deleted };
        let batch = manual_request(&distribution, planned);
        // Without a lease: no purge run executes the early purge of this version.
        let mut report = executor.execute(vec![batch], Vec::new(), None).await;
        self.repeat_while_throttled(&mut report, deadline).await;
        purged(pack, report, false)
    }

    /// Sends the request again that CloudFront throttles. A purge run that finds it in the outbox sends it, too, and CloudFront
    /// creates one invalidation for both.
    async fn repeat_while_throttled(&self, report: &mut Report, deadline: Timestamp) {
        let until = self.now().plus(THROTTLED_MAX).min(deadline.minus(SENDING_MAX));
        let mut pause = THROTTLED_PAUSE_MIN;
        while report.delayed.iter().any(Delayed::is_throttled) && self.now().plus(pause) <= until {
            self.ports().clock().sleep(pause).await;
            for delayed in std::mem::take(&mut report.delayed) {
                self.purger.executor.send(delayed.request, None, report).await;
            }
            pause *= 2;
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ports().clock().now()
    }
}

/// The purge whose request CloudFront has accepted.
fn purged(pack: ImagePackId, report: Report, is_joined: bool) -> Result<Purged, ManualPurgeError> {
    let Report { accepted, delayed, failures, .. } = report;
    let mut failures: Vec<_> = failures.into_iter().map(|(_, error)| error).collect();
    failures.extend(delayed.into_iter().map(|delayed| delayed.error.into()));
    match accepted.into_iter().next() {
        Some(request) if failures.is_empty() => {
            // Completed or not: the purge run that tracks it finds out.
            let id = request.invalidation_id.clone().unwrap_or_default();
            let invalidation = Invalidation { id, status: IN_PROGRESS.to_owned() };
            Ok(Purged { pack, request, invalidation, is_joined })
        }
        _ => Err(ManualPurgeError::Steps(failures)),
    }
}

/// The characters of a subject that are kept. A request of the outbox is one item of a table, of limited size.
const SUBJECT_CHARS_MAX: usize = 64;

/// The requester, as the queue and the ledger name it.
pub(super) fn requester(subject: &str) -> String {
    format!("admin:{}", subject.chars().take(SUBJECT_CHARS_MAX).collect::<String>())
}
