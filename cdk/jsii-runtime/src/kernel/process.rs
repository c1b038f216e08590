//! The kernel's process.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::Duration;

use super::channel::Channel;
use crate::modules::Installation;
use crate::{Error, Result};

/// The calling language, for the kernel.
const AGENT: &str = concat!("Rust/", env!("CARGO_PKG_RUST_VERSION"));

/// The time that the kernel has to end after its channel is closed: it finishes the index of a module first.
const GRACE: Duration = Duration::from_secs(5);

/// The time without a message after which a start fails, and a call is reported. A kernel greets within 0.05 s on an idle
/// machine; a synthesis is one call, and can take minutes. On Windows there is no limit: the channel is a pipe.
pub(super) const SILENCE_MAX: Duration = Duration::from_mins(1);

/// The time between two looks at the process.
const POLL: Duration = Duration::from_millis(2);

/// Environment variables of the kernel, besides those of this program.
pub(super) type Variables = Vec<(&'static str, OsString)>;

/// Starts a kernel's program with a Node binary.
pub(super) type Launch = fn(node: &OsStr, kernel: &Path, variables: Variables) -> io::Result<(Child, Channel)>;

/// A running kernel. Dropping it waits for the end of the process, after its [`Channel`] is closed.
#[derive(Debug)]
pub(super) struct Process {
    /// `None` after it was left.
    child: Option<Child>,
}

impl Process {
    /// Starts the kernel of an installation.
    pub(super) fn start(installation: &Installation, launch: Launch) -> Result<(Self, Channel)> {
        let kernel = installation.kernel()?;
        let started = launch(&installation.node(), &kernel, variables(installation));
        let (child, channel) = started.map_err(|source| start_error(installation, source))?;
        Ok((Self { child: Some(child) }, channel))
    }

    /// Waits for the end of the process, whose channel is closed. It is killed after [`GRACE`].
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        let child = self.child.as_mut().ok_or_else(|| io::Error::other("the process was left"))?;
        for _ in 0..GRACE.as_millis() / POLL.as_millis() {
            if let Some(status) = child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
        child.kill()?;
        child.wait()
    }

    /// Leaves a process that ends by itself to a thread. Without the thread, it would stay a zombie until this program ends.
    pub(super) fn leave(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = thread::Builder::new().spawn(move || child.wait());
        }
    }

    /// The error of a process that ended before its greeting, e.g. because the Node binary does not exist.
    pub(super) fn explain_end(mut self, installation: &Installation) -> Error {
        match self.end() {
            Ok(status) => start_error(installation, io::Error::other(status.to_string())),
            Err(source) => start_error(installation, source),
        }
    }
}

/// The error of a kernel that did not start with the installation's Node.
pub(super) fn start_error(installation: &Installation, source: io::Error) -> Error {
    Error::Start { node: installation.node().to_string_lossy().into_owned(), source }
}

/// The caches of the kernel are beside the packages, unless the environment names another folder.
fn variables(installation: &Installation) -> Variables {
    let caches = [("JSII_RUNTIME_PACKAGE_CACHE_ROOT", "packages"), ("NODE_COMPILE_CACHE", "compiled")];
    let caches = caches.into_iter().filter(|(variable, _)| std::env::var_os(variable).is_none());
    let caches = caches.map(|(variable, folder)| (variable, installation.cache().join(folder).into_os_string()));
    caches.chain([("JSII_AGENT", AGENT.into())]).collect()
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
