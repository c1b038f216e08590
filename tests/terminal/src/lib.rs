//! A pseudo-terminal, on which a test runs a program as a person does: it reads the screen and presses keys.

use std::io;
use std::num::NonZeroU16;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use pty_process::{Pty, Size};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::time::timeout;

/// The key that ends a line.
pub const ENTER: &str = "\r";
/// The keys that interrupt a program.
pub const CTRL_C: &str = "\x03";
/// The keys that end the input.
pub const CTRL_D: &str = "\x04";

/// A program on a terminal of its own.
pub struct Terminal {
    pty: Pty,
    program: Child,
    emulator: vt100::Parser,
    written: Vec<u8>,
}

/// The end of a program.
pub struct Ended {
    /// The exit code as a shell reports it: 130 for a program that Ctrl-C ended.
    pub code: i32,
    /// The screen that the program left.
    pub screen: vt100::Screen,
    /// Everything that the program wrote, escape sequences included.
    pub written: String,
}

impl Terminal {
    /// Runs the program, arguments and variables of `command` on a terminal of that many rows and columns.
    pub fn run(command: &Command, (rows, columns): (u16, u16)) -> io::Result<Self> {
        let (pty, pts) = pty_process::open().map_err(io::Error::other)?;
        pty.resize(Size::new(rows, columns)).map_err(io::Error::other)?;
        // A terminal's programs do not ignore Ctrl-C. A test inherits that from a shell that started it in the background.
        let mut on_terminal = pty_process::Command::new("env").arg("--default-signal=INT").arg(command.get_program());
        on_terminal = on_terminal.args(command.get_args()).kill_on_drop(true);
        for (name, value) in command.get_envs() {
            on_terminal = match value {
                Some(value) => on_terminal.env(name, value),
                None => on_terminal.env_remove(name),
            };
        }
        let on_terminal = on_terminal.env("TERM", "xterm-256color");
        let program = on_terminal.spawn(pts).map_err(io::Error::other)?;
        let [rows, columns] = [rows, columns].map(|size| NonZeroU16::new(size).unwrap_or(NonZeroU16::MIN));
        Ok(Self { pty, program, emulator: vt100::Parser::new(rows, columns, 0), written: Vec::new() })
    }

    /// The text on the screen.
    #[must_use]
    pub fn screen(&self) -> String {
        self.emulator.screen().contents()
    }

    /// Reads until the screen has `text`.
    pub async fn until(&mut self, text: &str, within: Duration) -> io::Result<()> {
        let seen = timeout(within, async {
            while !self.screen().contains(text) {
                if !self.read().await? {
                    return Err(io::Error::other("the program has ended"));
                }
            }
            Ok(())
        });
        let seen = seen.await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        seen.map_err(|error| io::Error::other(format!("no {text:?} ({error}) on the screen:\n{}", self.screen())))
    }

    /// Presses keys.
    pub async fn press(&mut self, keys: &str) -> io::Result<()> {
        self.pty.write_all(keys.as_bytes()).await
    }

    /// Waits until the program has ended.
    pub async fn end(mut self, within: Duration) -> io::Result<Ended> {
        let status = timeout(within, async {
            while self.read().await? {}
            self.program.wait().await
        });
        let status = match status.await {
            Ok(status) => status?,
            Err(_) => return Err(io::Error::other(format!("the program has not ended:\n{}", self.screen()))),
        };
        Ok(Ended {
            code: status.code().or(status.signal().map(|signal| 128 + signal)).unwrap_or_default(),
            screen: self.emulator.screen().clone(),
            written: String::from_utf8_lossy(&self.written).into_owned(),
        })
    }

    /// Reads what the program has written; `false`: it has closed the terminal, which Linux reports as an error.
    async fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        let Ok(length) = self.pty.read(&mut buffer).await else { return Ok(false) };
        self.emulator.process(&buffer[..length]);
        self.written.extend_from_slice(&buffer[..length]);
        Ok(length > 0)
    }
}
