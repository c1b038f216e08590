//! Progress bars, on stderr.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A progress bar on a terminal; hidden elsewhere.
pub(crate) fn progress(template: &str) -> ProgressBar {
    let progress = ProgressBar::new(0);
    progress.enable_steady_tick(Duration::from_millis(100));
    progress.with_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()))
}
