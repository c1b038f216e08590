//! What somebody who waits sees: a spinner on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the spinner turns.
const TURN: Duration = Duration::from_millis(100);

/// The line at the bottom that says what is going on, and the lines above it that say what has happened.
#[derive(Debug)]
pub struct Progress {
    /// `None` where nobody could see it turn.
    spinner: Option<ProgressBar>,
}

impl Progress {
    /// A spinner if the standard error is a terminal.
    #[must_use]
    pub fn new() -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(TURN);
            let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} {elapsed:.dim} {wide_msg:.dim}");
            spinner.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Self { spinner }
    }

    /// Says which step begins.
    pub fn begin(&self, step: &str) {
        match &self.spinner {
            Some(spinner) => {
                spinner.reset_elapsed();
                spinner.set_message("");
                spinner.set_prefix(step.to_owned());
            }
            None => println!("… {step}"),
        }
    }

    /// Says what the step is doing; only the latest is shown, and only on a terminal.
    pub fn note(&self, doing: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(doing.to_owned());
        }
    }

    /// Prints a line that stays.
    pub fn print(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| println!("{line}")),
            None => println!("{line}"),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
