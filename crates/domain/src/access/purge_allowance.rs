//! The allowance of a tenant's manual purges: a token bucket. Every `DELETE` that begins a purge takes a token, so that
//! one tenant's requests leave the rest of the account's CloudFront quotas to the other tenants.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// The limit of one tenant's manual purges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeLimit {
    /// Tokens that return to the bucket in a minute.
    pub per_minute: NonZeroU32,
    /// Tokens of a full bucket: the most purges that can begin at once.
    pub burst: NonZeroU32,
}

impl PurgeLimit {
    /// Takes a token `now` from a bucket that is full again at `full_at`; `None` is a bucket that was never used.
    /// Returns the new time at which the bucket is full again.
    ///
    /// # Errors
    /// The bucket is empty. The error is the time until it has a token.
    pub fn take(self, full_at: Option<Timestamp>, now: Timestamp) -> Result<Timestamp, Duration> {
        let full_at = full_at.map_or(now, |full_at| full_at.max(now)).plus(self.refill(1));
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

    /// The time in which `tokens` return.
    fn refill(self, tokens: u32) -> Duration {
        Duration::from_mins(1) / self.per_minute.get() * tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A token returns every ten seconds, and a full bucket has three.
    const LIMIT: PurgeLimit =
        PurgeLimit { per_minute: NonZeroU32::new(6).unwrap(), burst: NonZeroU32::new(3).unwrap() };

    /// Takes a token at each of `at_secs`, and expects the seconds until the next token, or 0 for a token that was
    /// taken.
    fn check(at_secs: &[u64], expected_waits_secs: &[u64]) {
        let mut full_at = None;
        let waits = at_secs.iter().map(|&secs| match LIMIT.take(full_at, Timestamp::from_millis(secs * 1_000)) {
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
        let full = PurgeLimit { burst: NonZeroU32::MIN, ..LIMIT };
        let taken = full.take(None, now).unwrap();
        assert_eq!(full.take(Some(taken), now), Err(Duration::from_secs(10)));
        assert_eq!(full.take(Some(full.give_back(taken)), now), Ok(taken));
    }
}
