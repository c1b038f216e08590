//! The kernel's process.

use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use super::channel::Channel;
use crate::modules::Installation;
use crate::{Error, Result};

/// The kernel uses file descriptor 3. The shell moves the socket there from standard input and is replaced by Node:
/// Rust cannot place a descriptor without unsafe code.
const REDIRECT: &str = r#"exec "$@" 3<&0 </dev/null"#;

/// The calling language, for the kernel.
const AGENT: &str = concat!("Rust/", env!("CARGO_PKG_RUST_VERSION"));

/// The time that the kernel has to end after its channel is closed: it finishes the index of a module first.
const GRACE: Duration = Duration::from_secs(5);

/// The time between two looks at the process.
const POLL: Duration = Duration::from_millis(2);

/// A running kernel. Dropping it closes the channel, which ends the kernel, and waits for the end of the process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// A second handle to the channel's socket, to close it under the [`Channel`].
    socket: UnixStream,
}

impl Process {
    /// Starts the kernel of an installation.
    pub(super) fn start(installation: &Installation) -> Result<(Self, Channel)> {
        let failed = |source| failed(installation, source);
        let (here, there) = UnixStream::pair().map_err(failed)?;
        let socket = here.try_clone().map_err(failed)?;
        let child = command(installation).stdin(Stdio::from(OwnedFd::from(there))).spawn().map_err(failed)?;
        Ok((Self { child, socket }, Channel::new(here)))
    }

    /// Closes the channel and waits for the end of the process, which is killed after [`GRACE`].
    pub(super) fn end(&mut self) -> io::Result<ExitStatus> {
        // An error means that the kernel has already ended.
        let _ = self.socket.shutdown(Shutdown::Both);
        for _ in 0..GRACE.as_millis() / POLL.as_millis() {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(POLL);
        }
        self.child.kill()?;
        self.child.wait()
    }

    /// The error of a process that ended before its greeting, e.g. because the Node binary does not exist.
    pub(super) fn explain_end(mut self, installation: &Installation) -> Error {
        match self.end() {
            Ok(status) => failed(installation, io::Error::other(status.to_string())),
            Err(source) => failed(installation, source),
        }
    }
}

fn failed(installation: &Installation, source: io::Error) -> Error {
    Error::Start { node: installation.node().to_string_lossy().into_owned(), source }
}

fn command(installation: &Installation) -> Command {
    let cache = installation.cache();
    let mut command = Command::new("sh");
    command
        .args(["-c", REDIRECT, "sh"])
        .arg(installation.node())
        .arg("--preserve-symlinks")
        .arg(installation.kernel())
        .env("JSII_AGENT", AGENT);
    // The caches of the kernel are beside the packages, unless the environment names another folder.
    for (variable, folder) in [("JSII_RUNTIME_PACKAGE_CACHE_ROOT", "packages"), ("NODE_COMPILE_CACHE", "compiled")] {
        if std::env::var_os(variable).is_none() {
            command.env(variable, cache.join(folder));
        }
    }
    command
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.end();
    }
}
