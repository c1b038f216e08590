use std::time::Duration;

use jiff::Timestamp;

use crate::api_error::{ApiError, Code};
use crate::clock::after;

/// The quotas of invalidations. AWS replaced the first scheme by the second in 2026, as five independent third-party
/// texts of August to October 2026 say; a copy of its own page that says so was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quotas {
    /// Items in progress in one distribution.
    InProgress {
        /// Paths and cache tags in progress, wildcards excluded; also the maximum of items in one batch.
        items: usize,
        /// Paths in progress that end with `*`.
        wildcards: usize,
    },
    /// Items in one second, over all distributions of the account. AWS documents neither the burst nor the response to
    /// a batch that exceeds a second's items: here the burst is one second's, and the batch is always rejected.
    PerSecond {
        /// Paths and cache tags, wildcards excluded; also the maximum of items in one batch.
        items: u32,
        /// Paths that end with `*`. Whether AWS counts paths or requests is not documented; here it is paths.
        wildcards: u32,
    },
    /// [`Quotas::IN_PROGRESS`] and [`Quotas::PER_SECOND`]: what is accepted here is accepted under either scheme.
    Both,
}

impl Quotas {
    /// CloudFront Developer Guide, "Concurrent invalidation request maximum".
    pub const IN_PROGRESS: Self = Self::InProgress { items: 3_000, wildcards: 15 };
    /// The numbers of the five third-party texts.
    pub const PER_SECOND: Self = Self::PerSecond { items: 150, wildcards: 1 };
}

/// The throttle of API calls: a token bucket for each operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRate {
    /// The time in which one call becomes available.
    pub interval: Duration,
    /// Calls that are available at once after a pause.
    pub burst: u32,
}

impl CallRate {
    /// One `CreateInvalidation` in two seconds, after a burst of six: the rate of an AWS engineer in aws-sdk-js issue
    /// 3983, and the "first 6-7 requests" that succeeded in the same thread. AWS publishes neither.
    pub const CLOUDFRONT: Self = Self { interval: Duration::from_secs(2), burst: 6 };
    /// 100 calls in a second after a burst of 1,000: more than a caller without a pacer sends in a test. The rate of the
    /// operations that read, of which AWS publishes none.
    pub const GENEROUS: Self = Self { interval: Duration::from_millis(10), burst: 1_000 };
}

/// The number of items by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ItemCounts {
    /// Paths and cache tags.
    pub(crate) items: usize,
    pub(crate) wildcards: usize,
}

impl ItemCounts {
    /// The sum.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { items: self.items + other.items, wildcards: self.wildcards + other.wildcards }
    }
}

/// A token bucket, as the time at which it is full again.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TokenBucket {
    full_at: Option<Timestamp>,
}

impl TokenBucket {
    /// Takes `tokens`, or nothing if the bucket has fewer.
    pub(crate) fn take(&mut self, now: Timestamp, tokens: u32, CallRate { interval, burst }: CallRate) -> bool {
        let full_at = after(self.full_at.unwrap_or(now).max(now), interval.saturating_mul(tokens));
        let is_allowed = full_at <= after(now, interval.saturating_mul(burst));
        if is_allowed {
            self.full_at = Some(full_at);
        }
        is_allowed
    }
}

/// The use of the quotas that count over all distributions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AccountUse {
    items: TokenBucket,
    wildcards: TokenBucket,
}

impl AccountUse {
    /// Counts a batch, or rejects it as AWS words it (the texts of public issue reports and of the API model).
    pub(crate) fn admit(
        &mut self,
        now: Timestamp,
        quotas: Quotas,
        sent: ItemCounts,
        in_progress: ItemCounts,
    ) -> Result<(), ApiError> {
        let too_large = || Code::BatchTooLarge.error("Invalidation batch specified is too large.");
        let too_many = |kind: &str| {
            Code::TooManyInvalidationsInProgress.error(format!(
                "Processing your request will cause you to exceed the maximum number of in-progress {kind}invalidations."
            ))
        };
        match quotas {
            Quotas::InProgress { items, wildcards } => {
                if sent.items + sent.wildcards > items {
                    return Err(too_large());
                }
                if in_progress.items + sent.items > items {
                    return Err(too_many(""));
                }
                if in_progress.wildcards + sent.wildcards > wildcards {
                    return Err(too_many("wildcard "));
                }
            }
            Quotas::PerSecond { items, wildcards } => {
                let [sent_items, sent_wildcards] =
                    [sent.items, sent.wildcards].map(|count| u32::try_from(count).unwrap_or(u32::MAX));
                if sent_items > items || sent_wildcards > wildcards {
                    return Err(too_large());
                }
                let mut after_batch = *self;
                if !after_batch.items.take(now, sent_items, each_second(items)) {
                    return Err(too_many(""));
                }
                if !after_batch.wildcards.take(now, sent_wildcards, each_second(wildcards)) {
                    return Err(too_many("wildcard "));
                }
                *self = after_batch;
            }
            Quotas::Both => {
                self.admit(now, Quotas::IN_PROGRESS, sent, in_progress)?;
                self.admit(now, Quotas::PER_SECOND, sent, in_progress)?;
            }
        }
        Ok(())
    }
}

/// `count` tokens in each second, and no more at once.
fn each_second(count: u32) -> CallRate {
    CallRate { interval: Duration::from_secs(1) / count.max(1), burst: count }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(millis).unwrap()
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_one_token_in_each_interval() {
        let rate = CallRate { interval: Duration::from_secs(2), burst: 3 };
        let mut bucket = TokenBucket::default();
        for (millis, is_allowed) in [
            (0, true),
            (0, true),
            (0, true),
            (0, false),
            (1_999, false),
            (2_000, true),
            (2_000, false),
            (60_000, true),
            (60_000, true),
            (60_000, true),
            (60_000, false),
        ] {
            assert_eq!(bucket.take(at(millis), 1, rate), is_allowed, "after {millis} ms");
        }
    }

    const TOO_LARGE: (Code, &str) = (Code::BatchTooLarge, "Invalidation batch specified is too large.");
    const TOO_MANY: (Code, &str) = (
        Code::TooManyInvalidationsInProgress,
        "Processing your request will cause you to exceed the maximum number of in-progress invalidations.",
    );
    const TOO_MANY_WILDCARDS: (Code, &str) = (
        Code::TooManyInvalidationsInProgress,
        "Processing your request will cause you to exceed the maximum number of in-progress wildcard invalidations.",
    );

    #[track_caller]
    fn check(admitted: &Result<(), ApiError>, expected: Result<(), (Code, &str)>) {
        let expected = expected.map_err(|(code, message)| code.error(message));
        assert_eq!(admitted, &expected);
    }

    #[test]
    fn the_quotas_in_progress_count_items_and_wildcards_separately() {
        for (sent, in_progress, expected) in [
            ((3_000, 0), (0, 0), Ok(())),
            ((3_001, 0), (0, 0), Err(TOO_LARGE)),
            ((1, 0), (3_000, 0), Err(TOO_MANY)),
            ((1, 0), (2_999, 15), Ok(())),
            ((0, 15), (3_000, 0), Ok(())),
            ((0, 1), (0, 15), Err(TOO_MANY_WILDCARDS)),
        ] {
            let [sent, in_progress] = [sent, in_progress].map(|(items, wildcards)| ItemCounts { items, wildcards });
            check(&AccountUse::default().admit(at(0), Quotas::IN_PROGRESS, sent, in_progress), expected);
        }
    }

    #[test]
    fn the_quotas_per_second_count_over_the_batches_of_a_second() {
        let mut account = AccountUse::default();
        for (millis, items, wildcards, expected) in [
            (0, 151, 0, Err(TOO_LARGE)),
            (0, 0, 2, Err(TOO_LARGE)),
            (0, 100, 1, Ok(())),
            (0, 51, 0, Err(TOO_MANY)),
            (0, 10, 1, Err(TOO_MANY_WILDCARDS)),
            (0, 50, 0, Ok(())),
            (500, 75, 0, Ok(())),
            (500, 1, 0, Err(TOO_MANY)),
            (999, 0, 1, Err(TOO_MANY_WILDCARDS)),
            (1_000, 0, 1, Ok(())),
        ] {
            let sent = ItemCounts { items, wildcards };
            check(&account.admit(at(millis), Quotas::PER_SECOND, sent, ItemCounts::default()), expected);
        }
    }

    #[test]
    fn both_quotas_reject_what_either_rejects() {
        let counts = |items, wildcards| ItemCounts { items, wildcards };
        for (sent, in_progress, expected) in [
            (counts(150, 1), counts(2_850, 14), Ok(())),
            (counts(151, 0), counts(0, 0), Err(TOO_LARGE)),
            (counts(0, 2), counts(0, 0), Err(TOO_LARGE)),
            (counts(1, 0), counts(3_000, 0), Err(TOO_MANY)),
            (counts(0, 1), counts(0, 15), Err(TOO_MANY_WILDCARDS)),
        ] {
            check(&AccountUse::default().admit(at(0), Quotas::Both, sent, in_progress), expected);
        }
    }
}
