//! Deletes the variants of one entry, page by page, as far as the time goes.

use domain::Timestamp;
use domain::image::variant_key::Sweep;
use domain::purge::planner::PlannedEntry;
use domain::queue::queue_entry::SweepProgress;

use crate::ports::{CallFailed, Clock, ListFrom, Ports, Queue, RowVersion, Undeleted, Variants};

/// How far the deletion of one entry's variants came.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Swept {
    /// Whether nothing is left of them.
    pub(crate) is_finished: bool,
    /// How many this run deleted.
    pub(crate) deleted_now: u64,
    /// How many all runs together deleted.
    pub(crate) deleted_in_all: u64,
}

/// Why not all variants of an entry were deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SweepFailed {
    #[error(transparent)]
    Call(#[from] CallFailed),
    #[error("{count} variants were not deleted, the first {key}: {message}")]
    Undeleted { count: usize, key: String, message: String },
}

/// Where a listing has come to, and what was found on the way.
struct Progress {
    after_key: Option<String>,
    deleted: u64,
    is_whole: bool,
    failure: Option<SweepFailed>,
}

/// Deletes the variants of `planned` from where an earlier run stopped, until `until`. What covers many packs always
/// goes a page further, so that repeated runs come to an end; a pack that there is no time for is whole next time.
pub(crate) async fn sweep<P: Ports>(ports: &P, planned: &PlannedEntry, until: Timestamp) -> Result<Swept, SweepFailed> {
    let PlannedEntry { entry, began_at, .. } = planned;
    if ports.clock().now() >= until && !entry.target.is_broad() {
        return Ok(Swept::default());
    }
    let earlier = entry.sweep.as_ref();
    let before = earlier.map(|progress| progress.after_key.clone());
    let Progress { after_key, deleted, is_whole, failure } =
        delete_pages(ports, &Sweep::of(&entry.tenant, &entry.target), before.clone(), until).await;
    let deleted_in_all = deleted + earlier.map_or(0, |progress| progress.variants_deleted);
    let is_finished = is_whole && failure.is_none();
    if let Some(after_key) = after_key.filter(|after_key| !is_finished && Some(after_key) != before.as_ref()) {
        tracing::info!(tenant = %entry.tenant, target = %entry.target, after_key, "the next run goes on deleting");
        let progress = SweepProgress { started_at: *began_at, after_key, variants_deleted: deleted_in_all };
        ports.queue().note_sweep(RowVersion::from(entry), &progress).await?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(Swept { is_finished, deleted_now: deleted, deleted_in_all }),
    }
}

/// Deletes what `sweep` covers, from the key after `after_key` on. Page by page, so that memory stays at one page.
async fn delete_pages<P: Ports>(ports: &P, sweep: &Sweep, after_key: Option<String>, until: Timestamp) -> Progress {
    let mut next: Option<String> = None;
    let mut progress = Progress { after_key, deleted: 0, is_whole: false, failure: None };
    loop {
        let from = match (&next, &progress.after_key) {
            (Some(token), _) => ListFrom::Token(token),
            (None, Some(key)) => ListFrom::Key(key),
            (None, None) => ListFrom::Start,
        };
        let page = match ports.variants().list(&sweep.prefix, from).await {
            Ok(page) => page,
            Err(failure) => {
                progress.failure = Some(failure.into());
                return progress;
            }
        };
        let covered: Vec<String> = page.keys.iter().filter(|key| sweep.covers(key)).cloned().collect();
        match delete(ports, &covered).await {
            Ok(undeleted) => {
                progress.deleted += (covered.len() - undeleted.len()) as u64;
                // One variant that cannot be deleted must not keep those behind it; the next sweep begins before it.
                progress.failure = progress.failure.or_else(|| failure_of(&undeleted));
            }
            Err(failure) => {
                progress.failure = Some(failure.into());
                return progress;
            }
        }
        if progress.failure.is_none()
            && let Some(last) = page.keys.last()
        {
            progress.after_key = Some(last.clone());
        }
        next = page.next;
        if next.is_none() {
            progress.is_whole = true;
            return progress;
        }
        // A page may be empty and not be the last one: then nobody would know where to go on.
        if !page.keys.is_empty() && ports.clock().now() >= until {
            return progress;
        }
    }
}

async fn delete<P: Ports>(ports: &P, keys: &[String]) -> Result<Vec<Undeleted>, CallFailed> {
    if keys.is_empty() { Ok(Vec::new()) } else { ports.variants().delete(keys).await }
}

fn failure_of(undeleted: &[Undeleted]) -> Option<SweepFailed> {
    let Undeleted { key, message } = undeleted.first()?;
    Some(SweepFailed::Undeleted { count: undeleted.len(), key: key.clone(), message: message.clone() })
}
