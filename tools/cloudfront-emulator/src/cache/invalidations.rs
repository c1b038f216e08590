use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::item::Item;
use crate::api_error::{ApiError, Code};
use crate::config::Quotas;

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
    /// The time at which it takes effect and becomes `Completed`.
    effective_at: Timestamp,
    items: Vec<Item>,
}

impl Invalidation {
    /// `InProgress`, or `Completed` once it has taken effect.
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if self.is_in_progress(now) { "InProgress" } else { "Completed" }
    }

    fn is_in_progress(&self, now: Timestamp) -> bool {
        now < self.effective_at
    }
}

/// A page of the invalidations of a distribution, newest first.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) invalidations: Vec<Arc<Invalidation>>,
    /// The `Marker` of the next page; `None` on the last one.
    pub(crate) next_marker: Option<String>,
}

/// The invalidations of one distribution, in the order of their creation. They take effect in the same order, because
/// the propagation delay is constant.
#[derive(Debug, Default)]
pub(crate) struct Invalidations {
    all: Vec<Arc<Invalidation>>,
    /// The number of entries of `all` that [`Self::take_due`] has returned.
    taken: usize,
}

impl Invalidations {
    /// Accepts a batch that takes effect after `propagation_delay`. A repeated batch, with the same reference and
    /// items, returns the existing invalidation.
    pub(crate) fn create(
        &mut self,
        distribution_id: &str,
        now: Timestamp,
        batch: Batch,
        propagation_delay: Duration,
        quotas: Quotas,
    ) -> Result<Arc<Invalidation>, ApiError> {
        let items = parse(&batch)?;
        if let Some(existing) = self.all.iter().find(|known| known.batch.caller_reference == batch.caller_reference) {
            if is_same_set(&existing.batch.items, &batch.items) {
                return Ok(Arc::clone(existing));
            }
            return Err(Code::InvalidationBatchAlreadyExists.error(format!(
                "the CallerReference '{}' was used for other items; a reference belongs to one set of items",
                batch.caller_reference
            )));
        }
        self.check_quotas(now, &items, quotas)?;
        let invalidation = Arc::new(Invalidation {
            id: invalidation_id(distribution_id, &batch.caller_reference),
            batch,
            created_at: now,
            effective_at: now.checked_add(propagation_delay).unwrap_or(Timestamp::MAX),
            items,
        });
        self.all.push(Arc::clone(&invalidation));
        Ok(invalidation)
    }

    fn check_quotas(&self, now: Timestamp, items: &[Item], quotas: Quotas) -> Result<(), ApiError> {
        let Quotas { items_in_progress, wildcards_in_progress } = quotas;
        let sent = items.len();
        if sent > items_in_progress {
            return Err(Code::BatchTooLarge.error(format!(
                "the batch has {sent} items, and a distribution takes {items_in_progress}; send smaller batches"
            )));
        }
        let unfinished = || self.all.iter().rev().take_while(|known| known.is_in_progress(now));
        for (kind, wildcards, allowed) in
            [("items", false, items_in_progress), ("wildcards", true, wildcards_in_progress)]
        {
            let count = |items: &[Item]| items.iter().filter(|item| item.is_wildcard() == wildcards).count();
            let (in_progress, sent) = (unfinished().map(|known| count(&known.items)).sum::<usize>(), count(items));
            if in_progress + sent > allowed {
                return Err(Code::TooManyInvalidationsInProgress.error(format!(
                    "{in_progress} {kind} are in progress and {sent} more exceed the quota of {allowed}; retry when some \
                     have completed"
                )));
            }
        }
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> Option<Arc<Invalidation>> {
        self.all.iter().find(|known| known.id == id).map(Arc::clone)
    }

    /// Returns at most `max_items` invalidations, newest first, after the one with the id `marker`. `None` if no
    /// invalidation has this id.
    pub(crate) fn page(&self, marker: Option<&str>, max_items: usize) -> Option<Page> {
        let older_than_marker = match marker {
            Some(id) => self.all.iter().position(|known| known.id == id)?,
            None => self.all.len(),
        };
        let first = older_than_marker.saturating_sub(max_items);
        let invalidations: Vec<_> = self.all[first..older_than_marker].iter().rev().map(Arc::clone).collect();
        let next_marker = if first > 0 { invalidations.last().map(|last| last.id.clone()) } else { None };
        Some(Page { invalidations, next_marker })
    }

    /// Returns the items that have taken effect since the last call.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Vec<Item> {
        let due = self.all[self.taken..].iter().take_while(|known| !known.is_in_progress(now)).count();
        let newly_taken = &self.all[self.taken..self.taken + due];
        self.taken += due;
        newly_taken.iter().flat_map(|invalidation| invalidation.items.iter().cloned()).collect()
    }
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
