//! Expectations: comparisons of an observation with the expected one, at once or within a time limit.

use std::time::{Duration, Instant};

use crate::cause::Cause;
use crate::test_image::Colour;
use crate::viewer::{Cache, Fetched};

/// The pause between two observations.
const POLL: Duration = Duration::from_millis(200);

/// An observation that differs from the expected one.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}, but saw {seen}")]
pub struct UnmetError {
    expected: String,
    seen: String,
}

impl UnmetError {
    /// `seen` instead of `expected`.
    #[must_use]
    pub fn new(expected: String, seen: String) -> Self {
        Self { expected, seen }
    }
}

/// Checks that `seen`, which `what` names, equals `expected`.
pub fn expect_eq<T: PartialEq + std::fmt::Debug>(what: &str, seen: &T, expected: &T) -> Result<(), UnmetError> {
    if seen == expected {
        return Ok(());
    }
    Err(UnmetError { expected: format!("{what} to be {expected:?}"), seen: format!("{seen:?}") })
}

/// Checks that a viewer got an image of `colour` from `cache`.
pub fn expect_seen(image: &str, seen: &Fetched, cache: Cache, colour: Colour) -> Result<(), UnmetError> {
    // A response from the origin has not been in the cache.
    if seen.cache == cache && seen.image.colour == colour && (cache == Cache::Hit || seen.age_secs == 0) {
        return Ok(());
    }
    let age = if cache == Cache::Miss { ", Age 0" } else { "" };
    Err(UnmetError { expected: format!("{image} to be {cache:?}{age}, {colour}"), seen: seen.to_string() })
}

/// Calls `look` until it returns the expected value, for at most `deadline`. Otherwise `look` returns a description of
/// its observation.
pub async fn wait_for<T>(
    expected: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>, Cause>,
) -> Result<T, Cause> {
    let began = Instant::now();
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(seen) if began.elapsed() >= deadline => {
                return Err(format!("waited {} s for {expected}, but saw {seen}", deadline.as_secs()).into());
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}
