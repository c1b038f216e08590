//! The report of a run: its steps, their results, and the measurements.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::cause::{Cause, with_causes};
use crate::progress::Progress;

/// Collects the results of the steps and shows them on the terminal.
#[derive(Debug, Default)]
pub struct Report {
    /// The terminal.
    pub progress: Progress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    steps: Vec<Step>,
    current: Option<(&'static str, Instant)>,
    measured: Measured,
}

/// One step and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The expectation.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// The duration in milliseconds.
    pub ms: u64,
    /// The observation, or the reason of the failure.
    pub detail: String,
}

/// The measurements of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// The time from the upload of a new original to the first response with the new image, in milliseconds; `null`
    /// when no viewer got it.
    pub write_to_fresh_ms: Option<u64>,
    /// The same for each kind of edit.
    pub edits: Vec<MeasuredEdit>,
    /// The number of invalidations of all distributions.
    pub invalidations: u64,
    /// The items in them; CloudFront bills each as one path.
    pub paths: u64,
    /// Variants deleted, as the ledger counts them.
    pub variants_deleted: u64,
}

/// The time that one kind of edit took to reach a viewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeasuredEdit {
    /// The kind of edit.
    pub name: &'static str,
    /// The time from the edit to the first response with the new image, in milliseconds.
    pub write_to_fresh_ms: u64,
}

/// The whole run, as `summary.json` has it.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Whether every step held.
    pub ok: bool,
    /// The steps in order. The first that does not hold is the last.
    pub steps: Vec<Step>,
    /// The measurements.
    #[serde(flatten)]
    pub measured: Measured,
}

/// A step that did not hold. The report has the details.
#[derive(Debug, thiserror::Error)]
#[error("the step \"{0}\" did not hold")]
pub struct StepError(pub &'static str);

impl Report {
    /// The report of the run `name`. If it is not the main one, `run`, its lines begin with its name: it may be made beside
    /// another.
    #[must_use]
    pub fn of(name: &str) -> Self {
        let label = if name == "run" { String::new() } else { format!("{name}: ") };
        Self { progress: Progress::new(label), ..Self::default() }
    }

    /// Plays one step, which returns a value for the following steps and the observation.
    ///
    /// The future is boxed: the future of a step that calls several services has tens of kilobytes.
    pub fn step<'a, T: 'a>(
        &'a self,
        name: &'static str,
        play: impl Future<Output = Result<(T, String), Cause>> + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, StepError>> + 'a>> {
        Box::pin(async move {
            self.progress.begin(name);
            self.state().current = Some((name, Instant::now()));
            match play.await {
                Ok((value, detail)) => {
                    self.end(true, detail);
                    Ok(value)
                }
                Err(cause) => {
                    self.end(false, with_causes(&*cause));
                    Err(StepError(name))
                }
            }
        })
    }

    /// Plays one step that returns the observation only.
    pub fn check<'a>(
        &'a self,
        name: &'static str,
        play: impl Future<Output = Result<String, Cause>> + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<(), StepError>> + 'a>> {
        self.step(name, async { Ok(((), play.await?)) })
    }

    /// Fails the current step, if there is one, because the run was interrupted.
    pub fn interrupt(&self, reason: &str) {
        self.end(false, format!("interrupted by {reason}"));
    }

    /// Adds measurements.
    pub fn measure(&self, note: impl FnOnce(&mut Measured)) {
        note(&mut self.state().measured);
    }

    /// The summary of the run up to now. A run without steps is not ok.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let state = self.state();
        let ok = state.current.is_none() && !state.steps.is_empty() && state.steps.iter().all(|step| step.ok);
        Summary { ok, steps: state.steps.clone(), measured: state.measured.clone() }
    }

    fn end(&self, ok: bool, detail: String) {
        let mut state = self.state();
        let Some((name, began)) = state.current.take() else { return };
        let step = Step { name, ok, ms: millis(began.elapsed()), detail };
        self.progress.print(&step.to_string());
        state.steps.push(step);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves the state whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mark = if self.ok { '✔' } else { '✘' };
        write!(f, "{mark} {} ({}.{:03} s)", self.name, self.ms / 1000, self.ms % 1000)?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, "\n  {}", self.detail.replace('\n', "\n  ")) }
    }
}

impl Summary {
    /// The last lines of a run's output: the steps that did not hold, and the verdict. The end of a log then names the cause,
    /// also if a timeline and another run's lines stand between.
    #[must_use]
    pub fn verdict(&self, run: &str) -> String {
        let (held, failed): (Vec<_>, Vec<_>) = self.steps.iter().partition(|step| step.ok);
        let mut lines: Vec<_> = failed.iter().map(|step| format!("{step}\n")).collect();
        let verdict = if self.ok { "PASSED" } else { "FAILED" };
        let (held, all) = (held.len(), self.steps.len());
        lines.push(format!("{verdict}: {held} of {all} steps held. Details: target/{run}/summary.json"));
        lines.join("\n")
    }

    /// Writes `summary.json`.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        std::fs::write(path, serde_json::to_string_pretty(self)? + "\n")
    }
}

/// Whole milliseconds.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
