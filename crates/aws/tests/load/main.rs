//! The adapters over the real SDK while AWS is under load: each call is repeated with growing random pauses, and fails
//! with its kind when that does not help.
#![expect(clippy::unwrap_used, reason = "for tests: a call that fails ends the test that made it")]

mod calls;
mod cloudfront;
mod conflicts;
mod throttles;
mod unprocessed;

use std::time::{Duration, Instant};

use aws_adapters::CallError;
use domain::TenantId;

/// The longest time that the attempts of one call take: 5.15 s of pauses, and some for the calls of a busy machine.
const ENDS_WITHIN: Duration = Duration::from_secs(9);

fn acme() -> TenantId {
    TenantId::parse("acme").unwrap()
}

/// The error of a call, which must fail within [`ENDS_WITHIN`].
async fn failure(call: impl Future<Output = Result<(), CallError>>) -> CallError {
    let began = Instant::now();
    let error = call.await.unwrap_err();
    assert!(began.elapsed() < ENDS_WITHIN, "{error} after {:?}", began.elapsed());
    error
}
