/// How much may be in progress in one distribution at a time.
///
/// The defaults are the documented ones (CloudFront Developer Guide, "Concurrent invalidation request maximum").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Paths and cache tags in progress, without the wildcards.
    pub items_in_progress: usize,
    /// Paths that end with `*` in progress; they are counted apart.
    pub wildcards_in_progress: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { items_in_progress: 3_000, wildcards_in_progress: 15 }
    }
}
