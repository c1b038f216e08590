//! The handlers on this machine: their library types over the real SDK, against the services of `support` and the
//! CloudFront emulator.
//!
//! An [`Environment`] is what one test works in. It has tables, buckets, a CloudFront emulator, a tenant registry and a
//! dead-letter queue of its own, so that tests run side by side. The tests are in `tests/handlers`, one file for each
//! situation.
#![expect(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "for tests: a service that cannot start or does not respond ends the test that requested it"
)]

mod environment;
mod observation;
mod preparation;
mod recovery;
mod test_clock;

pub use environment::{
    Environment, InvalidationHandler, LEASE, NOW, PurgeHandler, SETTLE, StreamHandler, distribution_id, nowhere, run_at,
};
pub use observation::Invalidation;
pub use recovery::Stream;
pub use test_clock::TestClock;
