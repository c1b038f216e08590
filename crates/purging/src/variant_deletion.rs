//! Deletes the variants of one entry, page by page, until the time ends.

use domain::Timestamp;
use domain::image::variant_key::VariantScope;
use domain::purge::batch::PlannedEntry;
use domain::queue::queue_entry::DeletionCursor;

use crate::ports::{CallError, Clock, ListFrom, Ports, Queue, RowVersion, Undeleted, Variants};

/// The outcome of deleting the variants of one entry.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct VariantDeletion {
    /// Whether no variant is left.
    pub(crate) is_finished: bool,
    /// The number that this purge run deleted.
    pub(crate) deleted_now: u64,
    /// The number that all purge runs together deleted.
    pub(crate) deleted_in_all: u64,
}

/// A failure to delete the variants of an entry.
#[derive(Debug, thiserror::Error)]
pub enum VariantDeletionError {
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// S3 did not delete some variants.
    #[error("{count} variants were not deleted, the first {key}: {message}")]
    Undeleted {
        /// Their number.
        count: usize,
        /// The key of the first one.
        key: String,
        /// S3's message about it.
        message: String,
    },
}

/// The progress of a deletion.
struct Progress {
    after_key: Option<String>,
    deleted: u64,
    is_whole: bool,
    failure: Option<VariantDeletionError>,
}

/// Deletes the variants of `planned` from its deletion cursor on, until `until`. Of a target that spans packs at least one
/// page is deleted, so that repeated purge runs come to an end; a pack that there is no time for is deleted as a whole by
/// the next purge run.
pub(crate) async fn delete_variants<P: Ports>(
    ports: &P,
    planned: &PlannedEntry,
    until: Timestamp,
) -> Result<VariantDeletion, VariantDeletionError> {
    let PlannedEntry { entry, began_at, .. } = planned;
    if ports.clock().now() >= until && !entry.target.spans_packs() {
        return Ok(VariantDeletion::default());
    }
    let earlier = entry.deletion_cursor.as_ref();
    let before = earlier.map(|progress| progress.after_key.clone());
    let Progress { after_key, deleted, is_whole, failure } =
        delete_pages(ports, &VariantScope::of(&entry.tenant, &entry.target), before.clone(), until).await;
    let deleted_in_all = deleted + earlier.map_or(0, |progress| progress.variants_deleted);
    let is_finished = is_whole && failure.is_none();
    if let Some(after_key) = after_key.filter(|after_key| !is_finished && Some(after_key) != before.as_ref()) {
        tracing::info!(after_key, "The time ended; the next purge run continues the deletion after this key.");
        let cursor = DeletionCursor { started_at: *began_at, after_key, variants_deleted: deleted_in_all };
        ports.queue().store_deletion_cursor(RowVersion::from(entry), &cursor).await?;
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(VariantDeletion { is_finished, deleted_now: deleted, deleted_in_all }),
    }
}

/// Deletes the variants of `scope`, from the key after `after_key` on. Page by page, so that memory holds one page.
async fn delete_pages<P: Ports>(
    ports: &P,
    scope: &VariantScope,
    after_key: Option<String>,
    until: Timestamp,
) -> Progress {
    let mut next: Option<String> = None;
    let mut progress = Progress { after_key, deleted: 0, is_whole: false, failure: None };
    loop {
        let from = match (&next, &progress.after_key) {
            (Some(token), _) => ListFrom::Token(token),
            (None, Some(key)) => ListFrom::Key(key),
            (None, None) => ListFrom::Start,
        };
        let page = match ports.variants().list(&scope.prefix, from).await {
            Ok(page) => page,
            Err(failure) => {
                progress.failure = Some(failure.into());
                return progress;
            }
        };
        let covered: Vec<String> = page.keys.iter().filter(|key| scope.covers(key)).cloned().collect();
        match delete(ports, &covered).await {
            Ok(undeleted) => {
                progress.deleted += (covered.len() - undeleted.len()) as u64;
                // A variant that cannot be deleted must not keep those behind it; the next deletion begins before it.
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
        // A page may be empty and not be the last one: it has no key from which the next purge run could continue.
        if !page.keys.is_empty() && ports.clock().now() >= until {
            return progress;
        }
    }
}

async fn delete<P: Ports>(ports: &P, keys: &[String]) -> Result<Vec<Undeleted>, CallError> {
    if keys.is_empty() { Ok(Vec::new()) } else { ports.variants().delete(keys).await }
}

fn failure_of(undeleted: &[Undeleted]) -> Option<VariantDeletionError> {
    let Undeleted { key, message } = undeleted.first()?;
    Some(VariantDeletionError::Undeleted { count: undeleted.len(), key: key.clone(), message: message.clone() })
}
