use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use jiff::Timestamp;

use super::item::Item;
use crate::account::Account;
use crate::api_error::{ApiError, Code};
use crate::clock::after;
use crate::propagation::EDGE_LOCATIONS;
use crate::quotas::ItemCounts;

/// The items of one `CreateInvalidation` call.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) caller_reference: String,
    /// Paths, wildcards and `#tags`, as the caller sent them.
    pub(crate) items: Vec<String>,
}

/// An accepted invalidation.
#[derive(Debug)]
pub(crate) struct Invalidation {
    pub(crate) id: String,
    pub(crate) batch: Batch,
    pub(crate) created_at: Timestamp,
    /// The time at which it becomes `Completed`.
    completed_at: Timestamp,
    items: Vec<Item>,
}

/// The times at which an invalidation takes effect in the caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Effects {
    pub(super) regional: Timestamp,
    pub(super) edges: [Timestamp; EDGE_LOCATIONS],
}

impl Invalidation {
    /// `InProgress`, or `Completed` some time after it has taken effect in the last cache.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if self.is_in_progress(now) { "InProgress" } else { "Completed" }
    }

    /// Whether one of the items purges the object with this key and these tags.
    pub(super) fn covers(&self, key: &str, tags: &BTreeSet<String>) -> bool {
        self.items.iter().any(|item| item.covers(key, tags))
    }

    fn is_in_progress(&self, now: Timestamp) -> bool {
        now < self.completed_at
    }

    fn counts(&self) -> ItemCounts {
        counts(&self.items)
    }
}

/// A page of the invalidations of a distribution, newest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) invalidations: Vec<Arc<Invalidation>>,
    /// The `Marker` of the next page; `None` on the last one.
    pub(crate) next_marker: Option<String>,
}

/// The invalidations of one distribution, in the order of their creation.
#[derive(Debug, Default)]
pub(crate) struct Invalidations(Vec<Arc<Invalidation>>);

impl Invalidations {
    /// Accepts a batch and returns the times of its effects. `beside` are in progress elsewhere and use the same quotas. A repeated batch, with the same reference and items, returns
    /// the existing invalidation and has no further effect.
    pub(super) fn create(
        &mut self,
        distribution_id: &str,
        now: Timestamp,
        batch: Batch,
        beside: ItemCounts,
        account: &mut Account,
    ) -> Result<(Arc<Invalidation>, Option<Effects>), ApiError> {
        let items = parse(&batch)?;
        if let Some(existing) = self.0.iter().find(|known| known.batch.caller_reference == batch.caller_reference) {
            if is_same_set(&existing.batch.items, &batch.items) {
                return Ok((Arc::clone(existing), None));
            }
            return Err(Code::InvalidationBatchAlreadyExists.error(format!(
                "the CallerReference '{}' was used for other items; a reference belongs to one set of items",
                batch.caller_reference
            )));
        }
        let delays = account.accept(now, counts(&items), self.in_progress(now).plus(beside))?;
        let invalidation = Arc::new(Invalidation {
            id: invalidation_id(distribution_id, &batch.caller_reference),
            batch,
            created_at: now,
            completed_at: after(now, delays.completed),
            items,
        });
        self.0.push(Arc::clone(&invalidation));
        let effects =
            Effects { regional: after(now, delays.regional), edges: delays.edges.map(|delay| after(now, delay)) };
        Ok((invalidation, Some(effects)))
    }

    /// The items in progress.
    pub(crate) fn in_progress(&self, now: Timestamp) -> ItemCounts {
        let unfinished = self.0.iter().filter(|known| known.is_in_progress(now)).map(|known| known.counts());
        unfinished.fold(ItemCounts::default(), ItemCounts::plus)
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Invalidation>> {
        self.0.iter().find(|known| known.id == id).map(Arc::clone)
    }

    /// Returns at most `max_items` invalidations, newest first, after the one with the id `marker`. `None` if no
    /// invalidation has this id.
    pub(crate) fn page(&self, marker: Option<&str>, max_items: usize) -> Option<Page> {
        let older_than_marker = match marker {
            Some(id) => self.0.iter().position(|known| known.id == id)?,
            None => self.0.len(),
        };
        let first = older_than_marker.saturating_sub(max_items);
        let invalidations: Vec<_> = self.0[first..older_than_marker].iter().rev().map(Arc::clone).collect();
        let next_marker = if first > 0 { invalidations.last().map(|last| last.id.clone()) } else { None };
        Some(Page { invalidations, next_marker })
    }
}

fn counts(items: &[Item]) -> ItemCounts {
    let wildcards = items.iter().filter(|item| item.is_wildcard()).count();
    ItemCounts { items: items.len() - wildcards, wildcards }
}

fn parse(batch: &Batch) -> Result<Vec<Item>, ApiError> {
    let invalid = |message: &str| Code::InvalidArgument.error(message);
    if batch.caller_reference.is_empty() {
        return Err(invalid("CallerReference is empty; send a value that identifies this batch"));
    }
    if batch.items.is_empty() {
        return Err(invalid("the batch has no item; send at least one path or cache tag"));
    }
    let parse = |item: &String| {
        Item::parse(item).map_err(|reason| {
            invalid(&format!("the request contains an invalid invalidation item, '{item}': {reason}"))
        })
    };
    batch.items.iter().map(parse).collect()
}

/// Whether two batches have the same items. AWS does not document whether their order matters; here it does not.
fn is_same_set(one: &[String], other: &[String]) -> bool {
    let sorted = |items: &[String]| {
        let mut items = items.to_vec();
        items.sort_unstable();
        items
    };
    sorted(one) == sorted(other)
}

/// An id that looks like CloudFront's: `I` and 13 letters and digits. A distribution has one invalidation for each
/// caller reference, so the id can be a hash of it.
fn invalidation_id(distribution_id: &str, caller_reference: &str) -> String {
    let mut hasher = DefaultHasher::new();
    (distribution_id, caller_reference).hash(&mut hasher);
    format!("I{:013X}", hasher.finish() >> 12)
}

#[cfg(test)]
mod tests;
