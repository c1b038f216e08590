//! The start of the kernel on Unix: its channel is a socket.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::channel::Channel;
use super::process::{SILENCE_MAX, Variables};

/// The kernel uses file descriptor 3. The shell moves the socket there from standard input and is replaced by Node:
/// Rust cannot place a descriptor without unsafe code.
const REDIRECT: &str = r#"exec "$@" 3<&0 </dev/null"#;

/// Starts a kernel with further environment variables. Its channel has the time limit [`SILENCE_MAX`].
pub(super) fn launch(node: &OsStr, kernel: &Path, variables: Variables) -> io::Result<(Child, Channel)> {
    launch_with(SILENCE_MAX, node, kernel, variables)
}

/// Starts a kernel whose channel has a time limit.
pub(super) fn launch_with(
    silence_max: Duration,
    node: &OsStr,
    kernel: &Path,
    variables: Variables,
) -> io::Result<(Child, Channel)> {
    let (here, there) = UnixStream::pair()?;
    here.set_read_timeout(Some(silence_max))?;
    let writer = Closing(here.try_clone()?);
    let mut command = Command::new("sh");
    command.args(["-c", REDIRECT, "sh"]).arg(node).arg("--preserve-symlinks").arg(kernel).envs(variables);
    let child = command.stdin(Stdio::from(OwnedFd::from(there))).spawn()?;
    Ok((child, Channel::new(here, writer)))
}

/// The sending half of the socket. Dropping it closes the socket, although the receiving half is open.
struct Closing(UnixStream);

impl Write for Closing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        // An error means that the kernel has already ended.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}
