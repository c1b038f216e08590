use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// The source of the time. Freshness, `Age`, quotas, propagation and timeouts depend on it alone.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The clock of this machine.
    #[default]
    System,
    /// A clock that a test or a benchmark advances.
    Virtual(VirtualClock),
}

impl Clock {
    pub(crate) fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Virtual(clock) => clock.now(),
        }
    }

    pub(crate) async fn sleep(&self, duration: Duration) {
        match self {
            Self::System => tokio::time::sleep(duration).await,
            Self::Virtual(clock) => clock.sleep(duration).await,
        }
    }
}

/// A clock that stands still until it is advanced, so that an hour passes at once. All clones show the same time.
#[derive(Clone, Debug)]
pub struct VirtualClock(watch::Sender<Timestamp>);

impl VirtualClock {
    /// A clock that shows `now`.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self(watch::Sender::new(now))
    }

    /// The time that the clock shows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    /// Advances the clock and wakes the tasks whose time has come.
    pub fn advance(&self, duration: Duration) {
        self.0.send_modify(|now| *now = after(*now, duration));
    }

    /// Waits until the clock has been advanced by `duration`.
    pub async fn sleep(&self, duration: Duration) {
        let until = after(self.now(), duration);
        // The sender lives as long as `self`, so that waiting does not fail.
        let _ = self.0.subscribe().wait_for(|now| *now >= until).await;
    }
}

/// Adds `duration`. The largest timestamp stands for all later times.
pub(crate) fn after(time: Timestamp, duration: Duration) -> Timestamp {
    time.checked_add(duration).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_task_sleeps_until_the_clock_is_advanced_far_enough() {
        let clock = VirtualClock::at(Timestamp::UNIX_EPOCH);
        let sleeping = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep(Duration::from_hours(1)).await }
        });
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(3_599));
        tokio::task::yield_now().await;
        assert!(!sleeping.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeping.await.unwrap();
        assert_eq!(clock.now().as_second(), 3_600);
    }
}
