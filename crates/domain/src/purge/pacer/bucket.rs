//! A token bucket, as the time at which it is full again.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// A token bucket. Its state is one time, so that it needs no regular refill.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    interval_micros: u64,
    burst: u32,
    full_at_micros: u64,
}

impl Bucket {
    /// A full bucket of `burst` tokens, one of which returns in each `interval`.
    pub(super) fn full(interval: Duration, burst: u32) -> Self {
        Self { interval_micros: u64::try_from(interval.as_micros()).unwrap_or(u64::MAX), burst, full_at_micros: 0 }
    }

    pub(super) fn interval(&self) -> Duration {
        Duration::from_micros(self.interval_micros)
    }

    pub(super) fn burst(&self) -> u32 {
        self.burst
    }

    /// The earliest time at which it has `tokens` tokens, at a rate and a burst that are halved `halvings` times. More
    /// tokens than it holds are available when it is full.
    pub(super) fn available_at(&self, tokens: usize, halvings: u32) -> Timestamp {
        let missing = u64::from((self.burst >> halvings).max(1)).saturating_sub(tokens as u64);
        let ahead = missing.saturating_mul(self.interval_micros << halvings);
        let available_micros = if tokens == 0 { 0 } else { self.full_at_micros.saturating_sub(ahead) };
        Timestamp::from_millis(available_micros.div_ceil(1000))
    }

    /// Takes `tokens` tokens, whether it has them or not.
    pub(super) fn take(&mut self, tokens: usize, now: Timestamp, halvings: u32) {
        let interval = self.interval_micros << halvings;
        let taken = (tokens as u64).saturating_mul(interval);
        self.full_at_micros = self.full_at_micros.max(micros(now)).saturating_add(taken);
    }
}

fn micros(time: Timestamp) -> u64 {
    time.as_millis().saturating_mul(1000)
}
