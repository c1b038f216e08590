//! A clock that a test sets.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cloudfront_emulator::VirtualClock;
use domain::Timestamp;
use purging::ports::Clock;

/// The real time of a virtual sleep, in which a test can do something.
const PAUSE: Duration = Duration::from_millis(1);

/// A clock that stands still except while a task sleeps.
#[derive(Debug, Clone)]
pub struct TestClock {
    millis: Arc<AtomicU64>,
    emulator: Option<VirtualClock>,
}

impl TestClock {
    /// A clock that shows `now`. A task that sleeps really waits.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicU64::new(now.as_millis())), emulator: None }
    }

    /// A clock that shows `now`. A task that sleeps hardly waits: the time passes here and at the emulator.
    #[must_use]
    pub fn virtual_at(now: Timestamp, emulator: VirtualClock) -> Self {
        Self { emulator: Some(emulator), ..Self::at(now) }
    }

    /// Sets it.
    pub fn set(&self, now: Timestamp) {
        self.millis.store(now.as_millis(), Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.now().since(Timestamp::from_millis(0))
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(self.emulator.as_ref().map_or(duration, |_| PAUSE)).await;
        self.millis.fetch_add(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if let Some(emulator) = &self.emulator {
            emulator.advance(duration);
        }
    }
}
