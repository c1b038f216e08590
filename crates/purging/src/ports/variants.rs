//! The variants bucket.

use domain::Timestamp;

use crate::ports::CallError;

/// The first key of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFrom<'a> {
    /// The first key of the prefix.
    Start,
    /// The first key after this one.
    Key(&'a str),
    /// The first key after the page that returned this token.
    Token(&'a str),
}

/// An object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its key.
    pub key: String,
    /// The time at which it was stored, by S3's clock, rounded down to the second.
    pub stored_at: Timestamp,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VariantsPage {
    /// The objects, sorted by key.
    pub objects: Vec<StoredObject>,
    /// The token of the next page. `None`: this is the last page.
    pub next: Option<String>,
}

/// A variant that the bucket did not delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeleted {
    /// Its key.
    pub key: String,
    /// The reason, as S3 states it.
    pub message: String,
}

/// The variants bucket, as a purge uses it.
pub trait Variants: Send + Sync {
    /// Lists the objects under `prefix`, up to 1,000.
    fn list(&self, prefix: &str, from: ListFrom<'_>) -> impl Future<Output = Result<VariantsPage, CallError>> + Send;

    /// Deletes up to 1,000 variants, and returns those that S3 did not delete.
    fn delete(&self, keys: &[String]) -> impl Future<Output = Result<Vec<Undeleted>, CallError>> + Send;
}
