//! A log file of a child process.

use std::fs::File;
use std::io;
use std::path::PathBuf;

/// The lines of a log that an error message shows.
const TAIL_LINES: usize = 25;

/// The log of a child process.
#[derive(Debug, Clone)]
pub struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// An empty log at `path`.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        File::create(&path)?;
        Ok(Self { path })
    }

    /// A handle that writes at the end.
    pub fn append(&self) -> io::Result<File> {
        File::options().append(true).open(&self.path)
    }

    /// The log's path and its last lines, for an error message.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        let tail = if tail.is_empty() { "(the log is empty)" } else { &tail };
        format!("the end of {}:\n{tail}", self.path.display())
    }
}
