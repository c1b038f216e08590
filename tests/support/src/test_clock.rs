//! A clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloudfront_emulator::VirtualClock;
use domain::Timestamp;
use purging::ports::Clock;

use crate::s3::Requests;

/// The real time of a virtual sleep, in which a test can do something.
const PAUSE: Duration = Duration::from_millis(1);

/// A clock that stands still except while a task sleeps.
#[derive(Debug, Clone)]
pub struct TestClock {
    millis: Arc<AtomicU64>,
    monotonic_millis: Arc<AtomicU64>,
    virtual_time: Option<VirtualTime>,
}

/// The parts of a virtual sleep: the emulator's clock, and the requests that S3 is busy with.
#[derive(Debug, Clone)]
struct VirtualTime {
    emulator: VirtualClock,
    s3: Requests,
}

impl TestClock {
    /// A clock that shows `now`. A task that sleeps really waits.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicU64::new(now.as_millis())), monotonic_millis: Arc::default(), virtual_time: None }
    }

    /// A clock that shows `now`. A task that sleeps hardly waits: the time passes here and at the emulator. While S3 is
    /// busy, it passes no faster than in reality, so that a slow machine deletes as many variants in the same time.
    #[must_use]
    pub(crate) fn virtual_at(now: Timestamp, emulator: VirtualClock, s3: Requests) -> Self {
        Self { virtual_time: Some(VirtualTime { emulator, s3 }), ..Self::at(now) }
    }

    /// Sets it. The monotonic time stays, as when a machine's clock is corrected.
    pub fn set(&self, now: Timestamp) {
        self.millis.store(now.as_millis(), Ordering::Relaxed);
    }

    /// Lets time pass, as only the monotonic time shows: the clock is corrected meanwhile.
    pub fn pass_unseen(&self, duration: Duration) {
        self.monotonic_millis.fetch_add(millis(duration), Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.monotonic_millis.load(Ordering::Relaxed))
    }

    async fn sleep(&self, duration: Duration) {
        if let Some(VirtualTime { s3, .. }) = &self.virtual_time {
            tokio::time::sleep(PAUSE).await;
            let _ = tokio::time::timeout(duration, s3.write()).await;
        } else {
            tokio::time::sleep(duration).await;
        }
        self.millis.fetch_add(millis(duration), Ordering::Relaxed);
        self.pass_unseen(duration);
        if let Some(VirtualTime { emulator, .. }) = &self.virtual_time {
            emulator.advance(duration);
        }
    }
}
