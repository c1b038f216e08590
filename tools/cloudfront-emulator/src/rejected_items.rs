use std::sync::{Arc, Mutex, PoisonError};

/// Items that `CreateInvalidation` rejects although they are well formed: CloudFront does not document all that it
/// checks. Whoever keeps a clone can change them while the emulator runs.
#[derive(Clone, Debug, Default)]
pub struct RejectedItems(Arc<Mutex<Vec<String>>>);

impl RejectedItems {
    /// Rejects, from now on, the items that begin with one of `prefixes`, and no others.
    pub fn set(&self, prefixes: impl IntoIterator<Item = impl Into<String>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = prefixes.into_iter().map(Into::into).collect();
    }

    /// The first of `items` that is rejected.
    pub(crate) fn first_of<'a>(&self, items: &'a [String]) -> Option<&'a String> {
        let prefixes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        items.iter().find(|item| prefixes.iter().any(|prefix| item.starts_with(prefix)))
    }
}
