//! Deletes the variants of one entry, page by page, until the time ends.

use domain::image::variant_key::VariantScope;
use domain::purge::deletion::Deletion;
use domain::queue::queue_entry::DeletionCursor;
use domain::{Measurements, Timestamp};
use futures_util::{Stream, StreamExt, stream};

use crate::ports::{
    CallError, Clock, ListFrom, Ports, Queue, RowVersion, StoredObject, Undeleted, Variants, VariantsPage,
};

/// The number of pages that are deleted concurrently, while the next ones are listed. S3 takes 3,500 deletes a second for
/// one prefix, and one page has up to 1,000.
const CONCURRENT_PAGES: usize = 8;

/// The number of pages after which the deletion cursor is stored, so that a crash repeats no more.
const PAGES_PER_CURSOR: usize = 64;

/// The outcome of deleting the variants of one entry.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct VariantDeletion {
    /// Whether no variant is left.
    pub is_finished: bool,
    /// The number that this call deleted.
    pub deleted_now: u64,
    /// The number that all calls together deleted.
    pub deleted_in_all: u64,
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

/// The deletion of one page.
struct Page {
    /// Its last key. `None`: it is empty.
    last_key: Option<String>,
    is_last: bool,
    deleted: u64,
    failure: Option<VariantDeletionError>,
}

/// Deletes the variants of `deletion` from its cursor on, until `until`; at least one page, so that repeated calls
/// finish. The next call continues at the cursor that is stored in the queue's row.
pub async fn delete_variants<P: Ports>(
    ports: &P,
    deletion: &Deletion,
    until: Timestamp,
) -> Result<VariantDeletion, VariantDeletionError> {
    let Deletion { entry, stored_before, .. } = deletion;
    let scope = &VariantScope::of(&entry.tenant, &entry.target);
    let earlier = entry.deletion_cursor.as_ref();
    let deleted_before = earlier.map_or(0, |cursor| cursor.variants_deleted);
    let mut after_key = earlier.map(|cursor| cursor.after_key.clone());
    let mut deleted_now = 0;
    let mut failure = None;
    let mut is_finished = true;
    let listed = listing(ports, scope, after_key.clone());
    let mut pages =
        Box::pin(listed.map(|page| delete_page(ports, scope, *stored_before, page)).buffered(CONCURRENT_PAGES));
    let mut pages_done = 0;
    while let Some(page) = pages.next().await {
        deleted_now += page.deleted;
        // A variant that cannot be deleted must not keep those behind it; the next deletion begins before it.
        failure = failure.or(page.failure);
        if failure.is_none() && page.last_key.is_some() {
            after_key = page.last_key;
        }
        pages_done += 1;
        let is_late = ports.clock().now() >= until;
        if is_late || pages_done % PAGES_PER_CURSOR == 0 {
            store_cursor(ports, deletion, after_key.as_ref(), deleted_before + deleted_now).await;
        }
        // A page may be empty and not be the last one: it has no key from which the next call could continue.
        if is_late && after_key.is_some() {
            is_finished = page.is_last;
            break;
        }
    }
    if let Some(measurements) = Measurements::variants_deleted(entry, deleted_now) {
        ports.record(&measurements);
    }
    match failure {
        Some(failure) => Err(failure),
        None => Ok(VariantDeletion { is_finished, deleted_now, deleted_in_all: deleted_before + deleted_now }),
    }
}

/// Stores the cursor. Without it, the next purge run begins at an earlier key, which is idempotent.
async fn store_cursor<P: Ports>(ports: &P, deletion: &Deletion, after_key: Option<&String>, variants_deleted: u64) {
    let Some(after_key) = after_key.cloned() else { return };
    let cursor = DeletionCursor { started_at: deletion.began_at, after_key, variants_deleted };
    let row = RowVersion::from(&deletion.entry);
    if let Err(error) = ports.queue().store_deletion_cursor(row, &cursor).await {
        tracing::warn!(tenant = %row.tenant, target = %row.target, %error, "The deletion cursor was not stored.");
    }
}

/// The pages of the objects of `scope`, from the key after `after_key` on. It ends after a page that cannot be listed.
fn listing<'a, P: Ports>(
    ports: &'a P,
    scope: &'a VariantScope,
    after_key: Option<String>,
) -> impl Stream<Item = Result<VariantsPage, CallError>> + Send + 'a {
    /// The next page of the listing.
    enum Next {
        First(Option<String>),
        Token(String),
        End,
    }
    stream::unfold(Next::First(after_key), move |next| async move {
        let from = match &next {
            Next::First(None) => ListFrom::Start,
            Next::First(Some(key)) => ListFrom::Key(key),
            Next::Token(token) => ListFrom::Token(token),
            Next::End => return None,
        };
        Some(match ports.variants().list(&scope.prefix, from).await {
            Ok(page) => {
                let next = page.next.clone().map_or(Next::End, Next::Token);
                (Ok(page), next)
            }
            Err(error) => (Err(error), Next::End),
        })
    })
}

async fn delete_page<P: Ports>(
    ports: &P,
    scope: &VariantScope,
    stored_before: Option<Timestamp>,
    page: Result<VariantsPage, CallError>,
) -> Page {
    let VariantsPage { objects, next } = match page {
        Ok(page) => page,
        Err(error) => return Page { last_key: None, is_last: true, deleted: 0, failure: Some(error.into()) },
    };
    let is_last = next.is_none();
    let is_old = |object: &&StoredObject| stored_before.is_none_or(|before| object.stored_at < before);
    let covered = objects.iter().filter(|object| scope.covers(&object.key)).filter(is_old);
    let keys: Vec<String> = covered.map(|object| object.key.clone()).collect();
    let undeleted = if keys.is_empty() { Ok(Vec::new()) } else { ports.variants().delete(&keys).await };
    let last_key = objects.into_iter().next_back().map(|object| object.key);
    match undeleted {
        Ok(undeleted) => {
            let deleted = (keys.len() - undeleted.len()) as u64;
            Page { last_key, is_last, deleted, failure: failure_of(&undeleted) }
        }
        Err(error) => Page { last_key: None, is_last, deleted: 0, failure: Some(error.into()) },
    }
}

fn failure_of(undeleted: &[Undeleted]) -> Option<VariantDeletionError> {
    let Undeleted { key, message } = undeleted.first()?;
    Some(VariantDeletionError::Undeleted { count: undeleted.len(), key: key.clone(), message: message.clone() })
}
