use std::sync::{Arc, Mutex, PoisonError};

/// Well-formed items that `CreateInvalidation` rejects: CloudFront does not document all its checks. All clones share
/// one set, so the holder of a clone can change it while the emulator runs.
#[derive(Clone, Debug, Default)]
pub struct RejectedItems(Arc<Mutex<Vec<String>>>);

impl RejectedItems {
    /// Replaces the set: only items that begin with one of `prefixes` are rejected.
    pub fn set(&self, prefixes: impl IntoIterator<Item = impl Into<String>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = prefixes.into_iter().map(Into::into).collect();
    }

    /// The first of `items` that is rejected.
    pub(crate) fn first_of<'a>(&self, items: &'a [String]) -> Option<&'a String> {
        let prefixes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().find(|item| prefixes.iter().any(|prefix| item.starts_with(prefix)))
    }
}
