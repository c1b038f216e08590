//! The timeline of a run: which component did what, and when.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::report::millis;

/// A component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A client of the management API.
    Editor,
    /// The function `dynamodb-imagepacks-stream`.
    Stream,
    /// The function `image-invalidation`, started by the schedule.
    PurgeRun,
    /// The function `image-purge` behind the admin API.
    AdminApi,
    /// The CloudFront emulator.
    Emulator,
    /// A client of the distribution.
    Viewer,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Editor => "editor",
            Self::Stream => "stream λ",
            Self::PurgeRun => "purge run",
            Self::AdminApi => "admin API",
            Self::Emulator => "emulator",
            Self::Viewer => "viewer",
        })
    }
}

/// The events so far. Times count from the beginning of the timeline.
#[derive(Debug)]
pub struct Timeline {
    began: Instant,
    began_at: SystemTime,
    events: Mutex<Vec<Event>>,
}

#[derive(Debug, Clone)]
struct Event {
    at: Duration,
    part: Part,
    what: String,
}

impl Timeline {
    /// A timeline that begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { began: Instant::now(), began_at: SystemTime::now(), events: Mutex::default() }
    }

    /// Adds an event that happened now.
    pub fn add(&self, part: Part, what: impl Into<String>) {
        self.insert(self.began.elapsed(), part, what.into());
    }

    /// Adds an event with the time of a component's clock, in milliseconds since 1970.
    pub fn add_at(&self, epoch_ms: u64, part: Part, what: impl Into<String>) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(epoch_ms);
        self.insert(at.duration_since(self.began_at).unwrap_or_default(), part, what.into());
    }

    fn insert(&self, at: Duration, part: Part, what: String) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push(Event { at, part, what });
    }
}

impl fmt::Display for Timeline {
    /// One line for each event, in order of time.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
        events.sort_by_key(|event| event.at);
        for Event { at, part, what } in events {
            writeln!(f, "{:>10} ms  {part:<9}  {what}", grouped(millis(at)))?;
        }
        Ok(())
    }
}

/// Groups thousands: `12 345`.
fn grouped(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{} {:03}", grouped(number / 1000), number % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_listed_in_order_of_time() {
        let timeline = Timeline::begin();
        let epoch_ms = millis(timeline.began_at.duration_since(SystemTime::UNIX_EPOCH).unwrap());
        timeline.add_at(epoch_ms + 61_234, Part::PurgeRun, "purged 22 entries");
        timeline.add_at(epoch_ms + 120, Part::Stream, "queued pack#cat");
        let listed = timeline.to_string();
        let lines: Vec<_> = listed.lines().collect();
        assert_eq!(lines.len(), 2, "{listed}");
        assert!(lines[0].ends_with(" ms  stream λ   queued pack#cat"), "{listed}");
        assert!(lines[1].starts_with("    61 23"), "{listed}");
        assert!(lines[1].ends_with(" ms  purge run  purged 22 entries"), "{listed}");
    }
}
