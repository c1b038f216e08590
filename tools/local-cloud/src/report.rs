//! What a run reports: its steps, whether they held, and what was measured.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::progress::Progress;

/// Collects what happens to the steps while they are played, and tells whoever waits.
#[derive(Debug, Default)]
pub struct Report {
    /// What is seen meanwhile.
    pub progress: Progress,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    steps: Vec<Step>,
    current: Option<(&'static str, Instant)>,
    measured: Measured,
}

/// One step and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What should hold.
    pub name: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What was seen, or why it did not hold.
    pub detail: String,
}

/// What a run measures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// From the upload of a new original to the first response with the new image, in milliseconds; `null` when no
    /// viewer ever got it.
    pub write_to_fresh_ms: Option<u64>,
    /// The same for each kind of edit.
    pub edits: Vec<MeasuredEdit>,
    /// Invalidations over all distributions.
    pub invalidations: u64,
    /// The items in them; CloudFront bills each as one path.
    pub paths: u64,
    /// Variants deleted, as the ledger counts them.
    pub variants_deleted: u64,
}

/// How long one kind of edit took to reach a viewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MeasuredEdit {
    /// What was edited.
    pub name: &'static str,
    /// From the edit to the first response with the new image, in milliseconds.
    pub write_to_fresh_ms: u64,
}

/// The whole run, as `summary.json` has it.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// Whether every step held.
    pub ok: bool,
    /// The steps, in the order in which they were played. The first that does not hold is the last.
    pub steps: Vec<Step>,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Measured,
}

/// A step that did not hold. Everything there is to say about it is in the report already.
#[derive(Debug, thiserror::Error)]
#[error("the step \"{0}\" did not hold")]
pub struct StepFailed(pub &'static str);

/// Why a step did not hold: any error, with its causes.
pub type Cause = Box<dyn Error + Send + Sync>;

impl Report {
    /// Plays one step. It gives what the following steps need and says what was seen.
    ///
    /// The future is boxed: a step that speaks to several services is tens of kilobytes.
    pub fn step<'a, T: 'a>(
        &'a self,
        name: &'static str,
        play: impl Future<Output = Result<(T, String), Cause>> + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, StepFailed>> + 'a>> {
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
                    Err(StepFailed(name))
                }
            }
        })
    }

    /// Ends the step that is being played, if one is, because the run was interrupted.
    pub fn interrupt(&self, reason: &str) {
        self.end(false, format!("interrupted by {reason}"));
    }

    /// Notes what was measured so far.
    pub fn measure(&self, note: impl FnOnce(&mut Measured)) {
        note(&mut self.state().measured);
    }

    /// The run up to now. A run without steps has proven nothing.
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
        // A panic elsewhere leaves whole steps behind.
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

/// An error and what caused it, the last cause last.
#[must_use]
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests;
