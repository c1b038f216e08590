//! The start of the kernel on Windows: a second Node process connects the kernel's channel with pipes. The programs of
//! the other jsii languages start their kernel in this way on all platforms.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::channel::Channel;
use super::process::Variables;

/// The program of the second process. The kernel uses file descriptor 3, which only Node can give to it on Windows.
/// Output of JavaScript becomes standard error, because standard output is the channel.
const RELAY: &str = r#"
    const { spawn } = require("node:child_process");
    const stdio = ["ignore", 2, 2, "pipe"];
    const kernel = spawn(process.execPath, ["--preserve-symlinks", process.argv[1]], { stdio });
    const channel = kernel.stdio[3];
    channel.on("error", () => {});
    process.stdin.pipe(channel).pipe(process.stdout);
    kernel.on("close", status => {
        process.exitCode = status ?? 1;
        process.stdin.destroy();
    });
"#;

/// Starts a kernel with further environment variables.
pub(super) fn launch(node: &OsStr, kernel: &Path, variables: Variables) -> io::Result<(Child, Channel)> {
    let mut command = Command::new(node);
    command.args(["-e", RELAY]).arg(kernel).envs(variables).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    let closed = || io::Error::other("a pipe is missing");
    let (writer, reader) = (child.stdin.take().ok_or_else(closed)?, child.stdout.take().ok_or_else(closed)?);
    Ok((child, Channel::new(reader, writer)))
}
