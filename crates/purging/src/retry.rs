//! Repeats calls that a service is too busy for.

use std::time::Duration;

use domain::Timestamp;

use crate::ports::{CallError, CallErrorKind, Clock};

/// The pause before the first repetition; each next one is twice as long, up to [`PAUSE_MAX`]. The clients have repeated
/// a throttled call already, with jitter.
const PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(4);

/// Repeats `call` while the service throttles it or cancels it for another transaction, until `until`. Returns the last
/// failure.
pub(crate) async fn while_busy<T, F>(
    clock: &impl Clock,
    until: Timestamp,
    mut call: impl FnMut() -> F,
) -> Result<T, CallError>
where
    F: Future<Output = Result<T, CallError>> + Send,
{
    let mut pause = PAUSE_MIN;
    loop {
        match call().await {
            Err(error) if is_busy(&error) && clock.now().plus(pause) < until => {
                tracing::warn!(%error, "A service is busy; repeating the call.");
                clock.sleep(pause).await;
                pause = (pause * 2).min(PAUSE_MAX);
            }
            result => return result,
        }
    }
}

fn is_busy(error: &CallError) -> bool {
    matches!(error.kind(), CallErrorKind::Throttled | CallErrorKind::Conflict)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;

    /// A clock that passes while it sleeps.
    #[derive(Default)]
    struct Slept(Mutex<Duration>);

    impl Clock for Slept {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(0).plus(self.monotonic())
        }

        fn monotonic(&self) -> Duration {
            *self.0.lock().unwrap()
        }

        async fn sleep(&self, duration: Duration) {
            *self.0.lock().unwrap() += duration;
        }
    }

    /// Expects that a call that fails `failures` times with `kind` is called `calls` times within ten seconds.
    fn check(kind: CallErrorKind, failures: u32, calls: u32, is_ok: bool) {
        let (clock, called) = (Slept::default(), Cell::new(0));
        let call = || {
            called.set(called.get() + 1);
            let failed = CallError::new("a call", "it failed").of_kind(kind);
            let result = if called.get() > failures { Ok(()) } else { Err(failed) };
            async move { result }
        };
        let until = Timestamp::from_millis(10_000);
        let result = while_busy(&clock, until, call).now_or_never().unwrap();
        assert_eq!((called.get(), result.is_ok()), (calls, is_ok), "{kind:?}, {failures} failures");
        assert!(clock.now() < until);
    }

    #[test]
    fn a_busy_service_is_called_again_until_the_time_ends_and_no_other_failure_is_repeated() {
        check(CallErrorKind::Throttled, 3, 4, true);
        check(CallErrorKind::Conflict, 3, 4, true);
        // After 0.1, 0.2, 0.4, 0.8, 1.6 and 3.2 s; the next pause would end after the tenth second.
        check(CallErrorKind::Throttled, 100, 7, false);
        check(CallErrorKind::Other, 1, 1, false);
        check(CallErrorKind::Denied, 1, 1, false);
    }
}
