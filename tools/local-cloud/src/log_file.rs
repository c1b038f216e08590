//! A log file of a child process, and its last lines for an error message.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Lines of a log that an error message shows: enough for a stack trace's head, few enough for a screen.
const TAIL_LINES: usize = 25;

/// Where a child process writes what it has to say.
#[derive(Debug, Clone)]
pub struct LogFile {
    path: PathBuf,
}

impl LogFile {
    /// An empty log at `path`; its folder is made when it does not exist.
    pub fn create(path: PathBuf) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        File::create(&path)?;
        Ok(Self { path })
    }

    /// A handle to give to a child as its standard output or error.
    pub fn stdio(&self) -> io::Result<Stdio> {
        Ok(self.append()?.into())
    }

    /// A handle that writes at the end.
    pub fn append(&self) -> io::Result<File> {
        File::options().append(true).open(&self.path)
    }

    /// Where the log is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The last lines, for an error message; says so when there are none.
    #[must_use]
    pub fn tail(&self) -> String {
        let text = std::fs::read(&self.path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n");
        if tail.is_empty() { "(the log is empty)".to_owned() } else { tail }
    }
}
