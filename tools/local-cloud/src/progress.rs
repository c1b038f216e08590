//! The progress display: a spinner on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// The period of the spinner.
const SPINNER_PERIOD: Duration = Duration::from_millis(100);

/// The current step at the bottom and the finished steps above it.
#[derive(Debug)]
pub struct Progress {
    /// The beginning of each line.
    label: String,
    /// `None` without a terminal.
    spinner: Option<ProgressBar>,
}

impl Progress {
    /// A spinner if standard error is a terminal. Each line begins with `label`.
    #[must_use]
    pub fn new(label: String) -> Self {
        let spinner = std::io::stderr().is_terminal().then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.enable_steady_tick(SPINNER_PERIOD);
            let style = ProgressStyle::with_template("{spinner:.cyan} {prefix} {elapsed:.dim} {wide_msg:.dim}");
            spinner.with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Self { label, spinner }
    }

    /// Shows the current step.
    pub fn begin(&self, step: &str) {
        match &self.spinner {
            Some(spinner) => {
                spinner.reset_elapsed();
                spinner.set_message("");
                spinner.set_prefix(step.to_owned());
            }
            None => println!("{}… {step}", self.label),
        }
    }

    /// Shows the current activity of the step, on a terminal only.
    pub fn note(&self, doing: &str) {
        if let Some(spinner) = &self.spinner {
            spinner.set_message(doing.to_owned());
        }
    }

    /// Prints a line.
    pub fn print(&self, line: &str) {
        let label = &self.label;
        match &self.spinner {
            Some(spinner) => spinner.suspend(|| println!("{label}{line}")),
            None => println!("{label}{line}"),
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new(String::new())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }
}
