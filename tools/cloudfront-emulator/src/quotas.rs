/// The quotas of items in progress in one distribution. The defaults are those of the CloudFront Developer Guide,
/// "Concurrent invalidation request maximum".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Paths and cache tags in progress, wildcards excluded.
    pub items_in_progress: usize,
    /// Paths in progress that end with `*`.
    pub wildcards_in_progress: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { items_in_progress: 3_000, wildcards_in_progress: 15 }
    }
}
