//! The allowance of a tenant: a token bucket. Every `DELETE` that begins a purge takes a token, so that one tenant's requests
//! leave the rest of the account's CloudFront quotas to the other tenants. The budget of requests in advance is one, too.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// The limit of one tenant's allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowanceLimit {
    /// Tokens that return to the bucket in a minute.
    pub per_minute: NonZeroU32,
    /// Tokens of a full bucket: the most that can be taken at once.
    pub burst: NonZeroU32,
}

impl AllowanceLimit {
    /// Takes `tokens` tokens `now` from a bucket that is full again at `full_at`; `None` is a bucket that was never used.
    /// More tokens than a full bucket has are available when it is full. Returns the new time at which it is full again.
    ///
    /// # Errors
    /// The bucket has too few. The error is the time until it has them.
    pub fn take(self, tokens: u32, full_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Duration> {
        let tokens = self.refill(tokens.min(self.burst.get()));
        let full_at = full_at.map_or(now, |full_at| full_at.max(now)).plus(tokens);
        let latest = now.plus(self.refill(self.burst.get()));
        if full_at <= latest {
            return Ok(full_at);
        }
        Err(Duration::from_millis(full_at.as_millis() - latest.as_millis()))
    }

    /// Gives a token back to a bucket that is full again at `full_at`, and returns the new time.
    #[must_use]
    pub fn give_back(self, full_at: Timestamp) -> Timestamp {
        full_at.minus(self.refill(1))
    }

    /// The tokens that a bucket has `now` if it is full again at `full_at`; `None` is a bucket that was never used.
    #[must_use]
    pub fn left(self, full_at: Option<Timestamp>, now: Timestamp) -> u32 {
        let missing_for = full_at.map_or(0, |full_at| full_at.as_millis().saturating_sub(now.as_millis()));
        let missing = missing_for.div_ceil(u64::try_from(self.refill(1).as_millis()).unwrap_or(u64::MAX).max(1));
        self.burst.get().saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// The time in which `tokens` return.
    fn refill(self, tokens: u32) -> Duration {
        Duration::from_mins(1) / self.per_minute.get() * tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token returns every ten seconds, and a full bucket has three.
    const LIMIT: AllowanceLimit =
        AllowanceLimit { per_minute: NonZeroU32::new(6).unwrap(), burst: NonZeroU32::new(3).unwrap() };

    /// Takes a token at each of `at_secs`, and expects the seconds until the next token, or 0 for a token that was
    /// taken.
    fn check(at_secs: &[u64], expected_waits_secs: &[u64]) {
        let mut full_at = None;
        let waits = at_secs.iter().map(|&secs| match LIMIT.take(1, full_at, Timestamp::from_millis(secs * 1_000)) {
            Ok(next) => {
                full_at = Some(next);
                0
            }
            Err(wait) => wait.as_secs(),
        });
        assert_eq!(waits.collect::<Vec<_>>(), expected_waits_secs, "{at_secs:?}");
    }

    #[test]
    fn a_full_bucket_has_its_burst_and_an_empty_one_says_when_the_next_token_returns() {
        check(&[100, 100, 100], &[0, 0, 0]);
        check(&[100, 100, 100, 100, 101, 109], &[0, 0, 0, 10, 9, 1]);
    }

    #[test]
    fn tokens_return_one_by_one_up_to_the_burst() {
        check(&[100, 100, 100, 110, 110], &[0, 0, 0, 0, 10]);
        check(&[100, 100, 100, 125, 125, 125], &[0, 0, 0, 0, 0, 5]);
        check(&[100, 100, 100, 9_000, 9_000, 9_000, 9_000], &[0, 0, 0, 0, 0, 0, 10]);
    }

    #[test]
    fn a_rejected_request_takes_no_token() {
        check(&[100, 100, 100, 105, 106, 107, 110], &[0, 0, 0, 5, 4, 3, 0]);
    }

    #[test]
    fn a_clock_that_is_behind_never_adds_tokens() {
        check(&[100, 100, 99, 99], &[0, 0, 1, 1]);
    }

    #[test]
    fn a_token_that_is_given_back_can_be_taken_again() {
        let now = Timestamp::from_millis(100_000);
        let full = AllowanceLimit { burst: NonZeroU32::MIN, ..LIMIT };
        let taken = full.take(1, None, now).unwrap();
        assert_eq!(full.take(1, Some(taken), now), Err(Duration::from_secs(10)));
        assert_eq!(full.take(1, Some(full.give_back(taken)), now), Ok(taken));
    }

    #[test]
    fn several_tokens_are_taken_together_or_not_at_all() {
        let now = Timestamp::from_millis(100_000);
        let after = |secs| now.plus(Duration::from_secs(secs));
        assert_eq!(LIMIT.take(2, None, now), Ok(after(20)));
        assert_eq!(LIMIT.take(2, Some(after(20)), now), Err(Duration::from_secs(10)));
        assert_eq!(LIMIT.take(1, Some(after(20)), now), Ok(after(30)));
        // More than a full bucket has: all of a full one.
        assert_eq!(LIMIT.take(10, None, now), Ok(after(30)));
        assert_eq!(LIMIT.take(10, Some(after(1)), now), Err(Duration::from_secs(1)));
    }

    #[test]
    fn the_tokens_that_are_left_are_those_that_can_be_taken() {
        let now = Timestamp::from_millis(100_000);
        for (full_in_secs, expected) in [(0, 3), (1, 2), (10, 2), (11, 1), (30, 0), (31, 0), (9_000, 0)] {
            let full_at = Some(now.plus(Duration::from_secs(full_in_secs)));
            assert_eq!(LIMIT.left(full_at, now), expected, "full in {full_in_secs} s");
            assert_eq!(LIMIT.take(1, full_at, now).is_ok(), expected > 0, "full in {full_in_secs} s");
        }
        assert_eq!(LIMIT.left(None, now), 3);
        assert_eq!(LIMIT.left(Some(now.minus(Duration::from_secs(9))), now), 3);
    }
}
