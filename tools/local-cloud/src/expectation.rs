//! Observations: compares what is seen with what is expected, and polls until both agree.

use std::time::{Duration, Instant};

use local_cloud::report::Cause;
use local_cloud::test_image::Colour;
use local_cloud::viewer::{Cache, Fetched};

/// How often to look again.
const POLL: Duration = Duration::from_millis(200);

/// Something else was seen than expected.
#[derive(Debug, thiserror::Error)]
#[error("expected {expected}, but saw {seen}")]
pub(crate) struct Unmet {
    expected: String,
    seen: String,
}

impl Unmet {
    pub(crate) fn new(expected: String, seen: String) -> Self {
        Self { expected, seen }
    }
}

/// What was expected was not seen in time.
#[derive(Debug, thiserror::Error)]
#[error("waited {} s for {expected}, but saw {seen}", waited.as_secs())]
struct NotInTime {
    expected: String,
    seen: String,
    waited: Duration,
}

/// Demands that `seen` is `expected`; `what` says what it is that was seen.
pub(crate) fn expect_eq<T: PartialEq + std::fmt::Debug>(what: &str, seen: &T, expected: &T) -> Result<(), Unmet> {
    if seen == expected {
        return Ok(());
    }
    Err(Unmet { expected: format!("{what} to be {expected:?}"), seen: format!("{seen:?}") })
}

/// Demands that a viewer got an image of `colour` from where it should come.
pub(crate) fn expect_seen(image: &str, seen: &Fetched, cache: Cache, colour: Colour) -> Result<(), Unmet> {
    // A response from the origin has not been in the cache.
    if seen.cache == cache && seen.image.colour == colour && (cache == Cache::Hit || seen.age_secs == 0) {
        return Ok(());
    }
    let age = if cache == Cache::Miss { ", Age 0" } else { "" };
    Err(Unmet { expected: format!("{image} to be {cache:?}{age}, {colour}"), seen: seen.to_string() })
}

/// Looks until there is something, for at most `deadline`. `look` gives what was waited for, or says what it saw
/// instead.
pub(crate) async fn wait_for<T>(
    expected: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<Result<T, String>, Cause>,
) -> Result<T, Cause> {
    let began = Instant::now();
    loop {
        match look().await? {
            Ok(found) => return Ok(found),
            Err(seen) if began.elapsed() >= deadline => {
                return Err(Box::new(NotInTime { expected: expected.to_owned(), seen, waited: deadline }));
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}
