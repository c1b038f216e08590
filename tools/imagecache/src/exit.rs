//! The ends of a command: its exit code, and the errors that stop it.

use std::error::Error;
use std::process::ExitCode;

use aws_adapters::CallError;
use aws_adapters::image_pack_table::ReadError;
use purging::manual_purge::ManualPurgeError;
use purging::ports::{CallErrorKind, QueueError};
use recovery::UnknownInstallationError;

use crate::output::{ERROR, print_error};

/// The error that stops a command.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// The exit codes, for the help.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done; every check holds, and nothing remains
  1  something failed or remains; stdout or stderr says what to do
  2  the command line is wrong
  3  the environment cannot be reached, is not deployed, or permits too little
  130  Ctrl-C ended the command before its result; it ends `watch` and `console` with 0";

/// The end of a command that no error stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything is done or holds.
    Done,
    /// Something failed or remains.
    Remains,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::Remains => Self::FAILURE,
        }
    }
}

/// A command line that the parser accepts and the command does not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

/// A failed call, with the next step.
#[derive(Debug, thiserror::Error)]
#[error("{source}; {next}")]
pub(crate) struct WithNextStep {
    pub(crate) source: CallError,
    pub(crate) next: &'static str,
}

/// Prints `failure` and returns its exit code. A reader of stdout that has read enough, such as `head`, is no failure.
pub(crate) fn report(failure: &(dyn Error + 'static)) -> ExitCode {
    if failure.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    print_error(format_args!("{ERROR}error:{ERROR:#} {failure}"));
    code(failure).into()
}

fn code(failure: &(dyn Error + 'static)) -> u8 {
    let is_unreachable = |error: &CallError| {
        matches!(error.kind(), CallErrorKind::Unreachable | CallErrorKind::Denied | CallErrorKind::NotFound)
    };
    let mut causes = std::iter::successors(Some(failure), |error| (*error).source());
    if failure.is::<UsageError>() {
        2
    } else if failure.is::<UnknownInstallationError>()
        || causes.any(|error| failed_call(error).is_some_and(is_unreachable))
    {
        3
    } else {
        1
    }
}

/// The call that is `error`, or that `error` stands for: a transparent error is not the source of anything.
fn failed_call<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CallError> {
    if let Some(ReadError::Call(call)) = error.downcast_ref() {
        return Some(call);
    }
    match error.downcast_ref() {
        Some(ManualPurgeError::Call(call) | ManualPurgeError::Queue(QueueError::Call(call))) => Some(call),
        _ => error.downcast_ref(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_tells_wrong_usage_from_an_environment_that_cannot_be_reached() {
        let call = |kind| CallError::new("reading table queue", "no route").of_kind(kind);
        let wrapped = WithNextStep { source: call(CallErrorKind::Denied), next: "run it again" };
        for (failure, expected) in [
            (Failure::from(UsageError("name a pack".to_owned())), 2),
            (call(CallErrorKind::Unreachable).into(), 3),
            (wrapped.into(), 3),
            (ReadError::from(call(CallErrorKind::Denied)).into(), 3),
            (ManualPurgeError::from(call(CallErrorKind::Denied)).into(), 3),
            (ManualPurgeError::from(QueueError::from(call(CallErrorKind::Denied))).into(), 3),
            (UnknownInstallationError::NotRegistered("/dev-lof/images/recovery".to_owned()).into(), 3),
            (call(CallErrorKind::Throttled).into(), 1),
            ("the answer cannot be read".into(), 1),
        ] {
            assert_eq!(code(failure.as_ref()), expected, "{failure}");
        }
    }
}
