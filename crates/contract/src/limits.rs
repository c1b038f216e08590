//! Limits, quotas and default values. The app rejects an environment that exceeds a limit; the functions keep to them.

use std::ops::RangeInclusive;

/// Longest side of a variant, in pixels: a 4K frame (DCI, 4096 × 2160), which the largest screens show and which
/// renders within seconds.
pub const VARIANT_SIDE_MAX_PX: u32 = 4096;

/// Largest size of a variant, in bytes. A Lambda response has at most 6 MB ("Lambda quotas", developer guide) and holds
/// the image in base64, four bytes for three; the rest is for the headers.
pub const VARIANT_BYTES_MAX: u32 = 4_500_000;

/// Largest size of an original, in bytes. A photo of 50 megapixels has about half of it.
pub const ORIGINAL_BYTES_MAX: u32 = 50_000_000;

/// Exact items of one distribution that CloudFront accepts in progress ("Concurrent invalidation request maximum",
/// developer guide).
pub const ITEMS_IN_PROGRESS_QUOTA: u32 = 3_000;

/// Wildcards of one distribution that CloudFront accepts in progress (same page).
pub const WILDCARDS_IN_PROGRESS_QUOTA: u32 = 15;

/// Exact items that CloudFront accepts from an account in a second. Five independent texts of August to October 2026 cite
/// the quota page with this number, in place of the items in progress; AWS's own page was not read.
pub const ITEMS_PER_SECOND_QUOTA: u32 = 150;

/// Wildcards that CloudFront accepts from an account in a second (same texts).
pub const WILDCARDS_PER_SECOND_QUOTA: u32 = 1;

/// Items of one `CreateInvalidation` request, and entries that the request serves. AWS publishes no number below the
/// 3,000 in progress. The limit is the outbox: the request is stored there first, in one DynamoDB item of at most
/// 400 kB, and 500 entries with the longest ids take 320.
pub const ITEMS_PER_REQUEST_MAX: u32 = 500;

/// Time in which CloudFront accepts one more `CreateInvalidation` call of an account, by default, in milliseconds. A
/// maintainer of an AWS SDK named a rate of 0.5 calls a second.
pub const CALLS_INTERVAL_MILLIS: u32 = 2_000;

/// Allowed times for one more call, in milliseconds. The shortest switches the pacing of calls off.
pub const CALLS_INTERVAL_ALLOWED_MILLIS: RangeInclusive<u32> = 1..=60_000;

/// `CreateInvalidation` calls that CloudFront accepts at once after a pause, by default (the same maintainer).
pub const CALLS_BURST: u32 = 6;

/// Allowed numbers of calls at once.
pub const CALLS_BURST_ALLOWED: RangeInclusive<u32> = 1..=1_000;

/// Changed targets of one tenant that get an early purge before they have settled, by default. An early purge shows a
/// change at once, and is billed beside the final one; a bulk change of more targets waits for the settle delay.
pub const EARLY_PURGE_TARGETS_MAX: u32 = 10;

/// Largest number of targets of one tenant that may get an early purge. 0 switches early purges off.
pub const EARLY_PURGE_TARGETS_ALLOWED_MAX: u32 = 10_000;

/// Purges that the admins of one tenant may begin in a minute on average, by default. A maintainer of an AWS SDK named a
/// default of 0.5 `CreateInvalidation` calls a second for an account, 30 in a minute; a third of them is for one tenant.
pub const MANUAL_PURGES_PER_MINUTE: u32 = 10;

/// Purges that the admins of one tenant may begin at once, by default.
pub const MANUAL_PURGES_BURST: u32 = 20;

/// Allowed numbers of purges that the admins of one tenant may begin in a minute, on average or at once. The upper end is
/// far above the calls that CloudFront accepts and switches the limit off.
pub const MANUAL_PURGES_ALLOWED: RangeInclusive<u32> = 1..=10_000;

/// Locations of a pack that may be requested in advance.
pub const WARMING_LOCATIONS_ALLOWED_MAX: u32 = 20;

/// Requests in advance for one tenant in a minute on average, by default: a newsroom's edits, one each second.
pub const WARMING_REQUESTS_PER_MINUTE: u32 = 60;

/// Requests in advance for one tenant at once, by default.
pub const WARMING_REQUESTS_BURST: u32 = 60;

/// Allowed numbers of requests in advance for one tenant in a minute, on average or at once.
pub const WARMING_REQUESTS_ALLOWED: RangeInclusive<u32> = 1..=10_000;

/// Time limit of image-processing by default, in seconds.
pub const RENDER_TIMEOUT_SECS: u32 = 15;

/// Longest time that an edge may keep a variant, by default, in days. Purges keep images fresh; this is the backstop that
/// heals what no purge reached.
pub const CACHED_DAYS_MAX: u32 = 30;

/// Allowed longest times that an edge may keep a variant, in days. CloudFront's own default maximum is a year.
pub const CACHED_DAYS_MAX_ALLOWED: RangeInclusive<u32> = 1..=365;

/// Longest time between the consistent read that a cacheable response rests on and the response, in seconds:
/// image-processing reads again after it.
pub const ANSWER_MAX_SECS: u32 = 2;

/// Longest time that an edge takes to receive and store a response, by default, in seconds.
pub const EDGE_FETCH_MAX_SECS: u32 = 3;

/// Allowed longest times that an edge takes to receive and store a response, in seconds.
pub const EDGE_FETCH_MAX_ALLOWED_SECS: RangeInclusive<u32> = 1..=10;

/// Time for the differences of clocks and for rounding, in seconds: DynamoDB rounds the time of a stream's record down to
/// the second.
pub const CLOCK_MARGIN_SECS: u32 = 2;

/// Shortest settle delay, in seconds: the time after a change in which an old response can still reach an edge. It rests
/// on a read of at most `answer_max_secs` ago, and an edge stores it `edge_fetch_max_secs` later.
#[must_use]
pub const fn settle_delay_secs(answer_max_secs: u32, edge_fetch_max_secs: u32) -> u32 {
    answer_max_secs.saturating_add(edge_fetch_max_secs).saturating_add(CLOCK_MARGIN_SECS)
}

/// Longest settle delay that an environment may have, in seconds. The shortest is [`settle_delay_secs`].
pub const SETTLE_DELAY_MAX_SECS: u32 = 3_600;

/// Age at which the ledger removes a row, by default, in days.
pub const LEDGER_RETENTION_DAYS: u32 = 90;

/// Ages at which a ledger may remove a row, in days.
pub const LEDGER_RETENTION_ALLOWED_DAYS: RangeInclusive<u32> = 1..=3_650;

/// Time limit of one purge run, in seconds: shorter than the five minutes between two of the schedule, so that the next
/// one continues what a purge run leaves.
pub const PURGE_RUN_TIMEOUT_SECS: u32 = 240;

/// Duration of a purge run's lease, in seconds. A purge run renews it while it works; one that crashes keeps others from
/// working for at most this time. The lease's fencing token tells two purge runs apart that overlap nevertheless.
pub const LEASE_SECS: u32 = 60;

/// Age at which Lambda drops an invocation of a purge run that it could not start, in seconds: the shortest that Lambda
/// offers. The schedule or the next wake-up starts another.
pub const PURGE_RUN_EVENT_AGE_MAX_SECS: u32 = 60;

/// Time limit of a request of an admin or an editor, in seconds. API Gateway returns 503 after 30.
pub const REQUEST_TIMEOUT_SECS: u32 = 29;
