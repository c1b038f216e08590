//! The diagnosis: which layer has which image, and what an operator does next.

use std::time::Duration;

use contract::limits::CLOCK_MARGIN_SECS;
use domain::change::detection::Touched;
use domain::purge::ledger::{LedgerRow, REJECTED};
use domain::purge::purge_status::Pending;
use domain::{Target, Timestamp};
use serde::Serialize;

use super::evidence::Evidence;
use crate::check::Looks;
use crate::output::{age, time};

/// The time in which the stream delivers a change to the queue.
const DELIVERED_WITHIN: Duration = Duration::from_secs(10);

/// The time in which CloudFront accepts a request, unless it throttles or denies it.
const ACCEPTED_WITHIN: Duration = Duration::from_secs(3);

/// The largest difference between clocks, rounding included.
const MARGIN: Duration = Duration::from_secs(CLOCK_MARGIN_SECS as u64);

/// The cause of what a viewer sees. docs/troubleshooting.md has a row for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Cause {
    /// Every layer has the current image.
    EveryLayerCurrent,
    /// A cache between CloudFront and this machine has the old image.
    CacheFurtherDown,
    /// A purge is on its way.
    PurgePending,
    /// A purge should have been completed.
    PurgeOverdue,
    /// The functions may not purge the distribution.
    MissingGrant,
    /// CloudFront throttles invalidations, or a quota is used up.
    QuotaRefused,
    /// A purge or a change became a dead letter.
    DeadLetter,
    /// The stream has not delivered a change.
    NotDelivered,
    /// CloudFront has completed a purge that did not purge the image.
    PurgeWithoutEffect,
    /// The last write changed nothing that viewers see.
    NotVisible,
    /// The location's configuration was saved without force.
    NotForced,
    /// There is no image.
    NoImage,
}

/// The cause with its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Diagnosis {
    pub(super) cause: Cause,
    pub(super) verdict: String,
    /// The next step of an operator.
    pub(super) next: String,
}

/// The diagnosis of `evidence`, gathered `now`.
pub(super) fn diagnose(now: Timestamp, evidence: &Evidence) -> Diagnosis {
    let Evidence { looks, current, .. } = evidence;
    let Some(current) = current.as_deref().filter(|_| looks.past.is_image()) else { return no_image(evidence) };
    if looks.past.fingerprint.as_deref() != Some(current) {
        return Diagnosis {
            cause: Cause::PurgePending,
            verdict: "The pack changed during this command, or another image service serves this host".to_owned(),
            next: "Run the command again".to_owned(),
        };
    }
    let is_current = looks.through.fingerprint.as_deref() == Some(current);
    if !is_current && looks.is_replayed() {
        return Diagnosis {
            cause: Cause::CacheFurtherDown,
            verdict: "A cache between CloudFront and this machine has the old image: two requests got the same stored response"
                .to_owned(),
            next: evidence.with_suffix("Purge that cache, or use a URL that it does not have"),
        };
    }
    if let Some(refused) = refused(now, evidence) {
        return refused;
    }
    if is_current {
        return fresh(now, evidence);
    }
    let oldest = evidence.purges.pending.iter().min_by_key(|pending| pending.cause.first_event_at);
    oldest.map_or_else(|| stale(now, evidence), |oldest| waiting(now, evidence, oldest))
}

/// The edge has another image than the current one, and the purge of `pending` is on its way.
fn waiting(now: Timestamp, evidence: &Evidence, pending: &Pending) -> Diagnosis {
    let verdict = &evidence.purges.verdict;
    let by = pending.cause.first_event_at.plus(evidence.purged_within);
    if by < now {
        return Diagnosis {
            cause: Cause::PurgeOverdue,
            verdict: format!("{verdict} It should have been purged by {}", time(by)),
            next: format!("Find what keeps purge runs from it: {}", evidence.doctor()),
        };
    }
    Diagnosis {
        cause: Cause::PurgePending,
        verdict: format!("{verdict} It is fresh by {} at the latest", time(by)),
        next: evidence.with_suffix("Wait. If it is urgent, use a new URL"),
    }
}

/// The edge has another image than the current one, and no purge is on its way.
fn stale(now: Timestamp, evidence: &Evidence) -> Diagnosis {
    let Evidence { looks, ledger, pack, environment, .. } = evidence;
    let doctor = evidence.doctor();
    let old = format!("This edge has an older image, {} s old", looks.through.age_secs);
    let newest = ledger.iter().max_by_key(|row| row.started_at);
    let replay = format!("imagecache dead-letters replay --environment {environment}");
    if let Some(row) = newest.filter(|row| row.invalidation_status == REJECTED) {
        return Diagnosis {
            cause: Cause::DeadLetter,
            verdict: format!("{old}: CloudFront rejected the last purge of {}, which is a dead letter", row.target),
            next: format!("Replay it: {replay}"),
        };
    }
    if let Some(completed_at) = survived(now, looks, ledger) {
        return Diagnosis {
            cause: Cause::PurgeWithoutEffect,
            verdict: format!(
                "{old}, although CloudFront completed its last purge {}: the purge named another distribution, or tags that \
                 the image does not have",
                ago(now, completed_at)
            ),
            next: format!("Find which: {doctor}"),
        };
    }
    let written_at = pack.as_ref().and_then(|pack| pack.written_at);
    match written_at.filter(|written_at| now.since(*written_at) < DELIVERED_WITHIN) {
        Some(written_at) => Diagnosis {
            cause: Cause::PurgePending,
            verdict: format!(
                "{old}. The pack was written {}; the change reaches the queue within seconds",
                ago(now, written_at)
            ),
            next: evidence.with_suffix("Wait. If it is urgent, use a new URL"),
        },
        None if evidence.dead_letters > 0 => Diagnosis {
            cause: Cause::DeadLetter,
            verdict: format!(
                "{old}. The change is in neither queue nor ledger, and there are {} dead letters",
                evidence.dead_letters
            ),
            next: format!("Replay them: {replay}. If the change is not among them: {doctor}"),
        },
        None => Diagnosis {
            cause: Cause::NotDelivered,
            verdict: format!(
                "{old}, and the change is in neither queue nor ledger: the stream has not delivered it{}",
                written_at.map(|at| format!(" since {}", time(at))).unwrap_or_default()
            ),
            next: format!("Find why: {doctor}. If the stream lost it, run imagecache resync"),
        },
    }
}

/// The edge has the current image, or none.
fn fresh(now: Timestamp, evidence: &Evidence) -> Diagnosis {
    let Evidence { pack, config, location, tenant, .. } = evidence;
    let rendered_at = rendered_at(now, evidence);
    let is_after = |written_at: Option<Timestamp>| {
        written_at.filter(|at| rendered_at.is_some_and(|rendered| rendered.plus(MARGIN) < *at))
    };
    let saved_at = is_after(config.as_ref().and_then(|config| config.written_at));
    let written_at = is_after(pack.as_ref().and_then(|pack| pack.written_at));
    if let Some(saved_at) = saved_at.filter(|saved_at| written_at.is_none_or(|written_at| written_at <= *saved_at)) {
        return Diagnosis {
            cause: Cause::NotForced,
            verdict: format!(
                "The image was rendered before the configuration of location {location} was saved {}, without force: images \
                 that exist keep the configuration of before",
                ago(now, saved_at)
            ),
            next: format!(
                "Save it with force: PUT /adminAPI/imageLocationConfig/{location}?tenant={tenant}&force=true. \
                 docs/runbook.md says what that costs"
            ),
        };
    }
    if let Some((pack, written_at)) = pack.as_ref().zip(written_at)
        && !is_purged_since(evidence, written_at)
    {
        let by = pack.written_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        return Diagnosis {
            cause: Cause::NotVisible,
            verdict: format!(
                "The last write of the pack, {}{by}, changed nothing that this image shows: {}",
                ago(now, written_at),
                invisible(evidence.touched.as_deref())
            ),
            next:
                "Viewers see a new original, a moved crop, another main location, or a forced location. Check that the \
                   editor's software wrote one of them, in this pack and this location"
                    .to_owned(),
        };
    }
    let verdict = if evidence.purges.pending.is_empty() {
        "Every layer of the image cache has the current image".to_owned()
    } else {
        format!("This edge has the current image. {}", evidence.purges.verdict.trim_end_matches('.'))
    };
    Diagnosis {
        cause: Cause::EveryLayerCurrent,
        verdict,
        next: evidence.with_suffix("A viewer who sees an old image has it in a cache further down: the browser, a proxy, another CDN. Reload, or use \
             a URL that no cache has",
        ),
    }
}

fn no_image(evidence: &Evidence) -> Diagnosis {
    let Evidence { looks, location, tenant, pack_id, .. } = evidence;
    let past = &looks.past;
    let verdict = match (&evidence.pack, &evidence.current) {
        (None, _) => format!("{tenant} has no pack {pack_id}"),
        (Some(_), None) => format!("Pack {pack_id} has no image at location {location}"),
        (Some(_), Some(_)) => {
            let error = past.error.as_deref().unwrap_or_default();
            format!("image-processing answers {} for {pack_id} ({error})", past.status)
        }
    };
    let next = "Find the error in docs/runbook.md, \"Why is there no image?\"".to_owned();
    Diagnosis { cause: Cause::NoImage, verdict, next }
}

/// The diagnosis of a purge that CloudFront does not accept. After one that is denied, a purge run sends no further request
/// of the tenant, so the row of this image may be due and have none.
fn refused(now: Timestamp, evidence: &Evidence) -> Option<Diagnosis> {
    let Evidence { purges, host, tenant, .. } = evidence;
    let pending = purges.pending.iter().map(|pending| &pending.target);
    let target = pending.chain(purges.running.iter().map(|running| &running.target)).next()?;
    if evidence.is_granted == Some(false) {
        return Some(Diagnosis {
            cause: Cause::MissingGrant,
            verdict: format!(
                "The purge of {target} waits, because CloudFront denies it: the distribution of {host} lacks the grant"
            ),
            next: format!("Let the doctor name it: {}", evidence.doctor()),
        });
    }
    let since = evidence.unaccepted_since.filter(|since| evidence.requests_read_at.since(*since) > ACCEPTED_WITHIN)?;
    Some(Diagnosis {
        cause: Cause::QuotaRefused,
        verdict: format!(
            "The purge of {target} waits. CloudFront has not accepted a purge of {tenant} that was sent {}: it throttles the \
             account's calls, or a quota of invalidations is used up",
            ago(now, since)
        ),
        next: evidence.with_suffix(
            "Wait: purge runs send it again. See who uses the quota: imagecache status; ask AWS for a larger one if it \
             happens often. If it is urgent, use a new URL",
        ),
    })
}

/// The completion of the newest purge, if the object of the edge is older and survived it.
fn survived(now: Timestamp, looks: &Looks, ledger: &[LedgerRow]) -> Option<Timestamp> {
    let completed_at = ledger.iter().filter(|row| row.is_final).filter_map(|row| row.completed_at).max()?;
    let stored_at = now.minus(Duration::from_secs(looks.through.age_secs));
    (stored_at.plus(MARGIN) < completed_at).then_some(completed_at)
}

/// The time at which the image of the edge was stored there, or else that of the variant in the bucket.
fn rendered_at(now: Timestamp, evidence: &Evidence) -> Option<Timestamp> {
    let through = &evidence.looks.through;
    let at_edge = through.is_hit().then(|| now.minus(Duration::from_secs(through.age_secs)));
    let stored = evidence.stored.iter().find(|stored| Some(&stored.fingerprint) == evidence.current.as_ref());
    let in_bucket = stored.map(|stored| stored.stored_at);
    [at_edge, in_bucket].into_iter().flatten().min()
}

/// Whether a purge covers a write of the pack at `written_at`. A tenant's purge is not one of the pack's change.
fn is_purged_since(evidence: &Evidence, written_at: Timestamp) -> bool {
    let of_pack = evidence.ledger.iter().filter(|row| matches!(row.target, Target::Pack(_)));
    of_pack.map(|row| row.enqueued_at).any(|at| written_at <= at)
}

/// The names of the attributes that a write touched, without those that every write of the management API changes. `None`:
/// they are not known.
pub(super) fn touched_names(touched: Option<&[Touched]>) -> Option<String> {
    let is_telling = |name: &&str| !["revision", "updatedAt", "updatedBy"].contains(name);
    let all: Vec<_> = touched?.iter().map(|touched| touched.attribute.as_str()).collect();
    let telling: Vec<_> = all.iter().copied().filter(is_telling).collect();
    Some(if telling.is_empty() { all } else { telling }.join(", "))
}

/// The description of a write that this image does not show.
fn invisible(touched: Option<&[Touched]>) -> String {
    let Some(names) = touched_names(touched) else {
        return "which attributes it touched is not known, because the stream keeps writes for 24 hours".to_owned();
    };
    let is_visible = touched.is_some_and(|touched| touched.iter().any(|touched| touched.is_visible));
    let of_another = if is_visible { ", and the image of this location stayed the same" } else { "" };
    format!("it touched {names}{of_another}")
}

fn ago(now: Timestamp, earlier: Timestamp) -> String {
    format!("{} ago", age(now.since(earlier)))
}

#[cfg(test)]
mod tests;
