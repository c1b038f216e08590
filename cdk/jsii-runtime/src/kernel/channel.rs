//! The channel: lines of JSON in both directions.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};

use serde_json::Value;

use crate::{Error, Result};

/// Maximum number of characters of an unreadable line in an error.
const SHOWN: usize = 200;

/// This side's end of the kernel's channel.
pub(super) struct Channel {
    reader: BufReader<Box<dyn Read>>,
    /// `None` after the channel was closed.
    writer: Option<Box<dyn Write>>,
    /// Whether the kernel has sent something since the last message to it: it reads then, and nothing else.
    is_answered: bool,
}

impl Channel {
    pub(super) fn new(reader: impl Read + 'static, writer: impl Write + 'static) -> Self {
        Self { reader: BufReader::new(Box::new(reader)), writer: Some(Box::new(writer)), is_answered: false }
    }

    /// Whether the kernel waits for a message. It ends when the channel is closed instead.
    pub(super) fn is_answered(&self) -> bool {
        self.is_answered
    }

    /// Sends one message.
    pub(super) fn send(&mut self, message: &Value) -> Result<()> {
        self.is_answered = false;
        let writer = self.writer.as_mut().ok_or_else(|| ended(None))?;
        let line = format!("{message}\n");
        writer.write_all(line.as_bytes()).and_then(|()| writer.flush()).map_err(|source| ended(Some(source)))
    }

    /// Closes the channel, which ends the kernel.
    pub(super) fn close(&mut self) {
        self.writer = None;
    }

    /// Waits for one message. Each time that the reader's time limit has passed, `still_waiting` decides whether to wait again.
    pub(super) fn receive(&mut self, mut still_waiting: impl FnMut() -> Result<()>) -> Result<Value> {
        let mut line = Vec::new();
        self.is_answered = false;
        while let Err(source) = self.reader.read_until(b'\n', &mut line) {
            match source.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => still_waiting()?,
                _ => return Err(ended(Some(source))),
            }
        }
        // A kernel that ends while it writes leaves a part of a line.
        if !line.ends_with(b"\n") {
            return Err(ended(None));
        }
        let message = serde_json::from_slice(&line).or_else(|_| {
            let text = String::from_utf8_lossy(&line);
            serde_json::from_str(&replace_lone_surrogates(&text))
                .map_err(|_| Error::Protocol { line: text.chars().take(SHOWN).collect() })
        })?;
        self.is_answered = true;
        Ok(message)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Channel").finish_non_exhaustive()
    }
}

fn ended(source: Option<io::Error>) -> Error {
    Error::Ended { source, status: None }
}

/// Replaces each escape of half a surrogate pair, which JavaScript accepts in a string and Rust does not, by the
/// replacement character.
fn replace_lone_surrogates(json: &str) -> String {
    let mut replaced = String::with_capacity(json.len());
    let mut rest = json;
    while let Some((before, escape)) = rest.find('\\').map(|start| rest.split_at(start)) {
        replaced += before;
        let (unit, next) = (code_unit(escape), escape.get(6..).and_then(code_unit));
        let (text, length) = match (unit, next) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => (escape.get(..12), 12),
            (Some(0xd800..0xe000), _) => (Some("\\ufffd"), 6),
            // The escaped character can be a backslash.
            _ => (escape.get(..2), 2),
        };
        replaced += text.unwrap_or(escape);
        rest = escape.get(length..).unwrap_or_default();
    }
    replaced + rest
}

/// The number of an escape `\uXXXX` at the beginning of `text`.
fn code_unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;
    use serde_json::json;

    fn pair() -> (Channel, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (Channel::new(here.try_clone().unwrap(), here), there)
    }

    #[test]
    fn a_message_is_one_line() {
        let (mut channel, there) = pair();
        channel.send(&json!({"text": "two\nlines"})).unwrap();
        drop(channel);
        let text = std::io::read_to_string(there).unwrap();
        assert_eq!(text, "{\"text\":\"two\\nlines\"}\n");
    }

    #[test]
    fn a_closed_channel_says_that_the_kernel_ended() {
        let (mut channel, there) = pair();
        drop(there);
        assert!(matches!(channel.receive(|| Ok(())), Err(Error::Ended { .. })));
    }

    #[test]
    fn a_part_of_a_line_says_that_the_kernel_ended() {
        let (mut channel, mut there) = pair();
        write!(there, r#"{{"ok":{{"result":7"#).unwrap();
        drop(there);
        assert!(matches!(channel.receive(|| Ok(())), Err(Error::Ended { .. })));
    }

    #[test]
    fn a_message_that_comes_in_parts_and_late_is_received() {
        let (here, mut there) = UnixStream::pair().unwrap();
        here.set_read_timeout(Some(Duration::from_millis(5))).unwrap();
        let mut channel = Channel::new(here.try_clone().unwrap(), here);
        let mut parts = ["\"one", " two\"", "\n"].iter();
        let send_next = || {
            write!(there, "{}", parts.next().unwrap()).unwrap();
            Ok(())
        };
        assert_eq!(channel.receive(send_next).unwrap(), "one two");
        assert_eq!(parts.next(), None);
        let error = channel.receive(|| Err(ended(None))).unwrap_err();
        assert!(matches!(error, Error::Ended { .. }), "{error}");
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_and_no_end_of_the_kernel() {
        let (mut channel, mut there) = pair();
        there.write_all(b"\xff\xfe garbage\n").unwrap();
        let error = channel.receive(|| Ok(())).unwrap_err();
        assert!(matches!(&error, Error::Protocol { line } if line.contains("garbage")), "{error}");
    }

    #[test]
    fn half_a_surrogate_pair_is_read_as_the_replacement_character() {
        for (json, expected) in [
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\uDE00 \ud83d\ud83d\ude00""#, "\u{fffd} \u{fffd}\u{1f600}"),
            (r#""\\ud83d \ude00\n\u0041""#, "\\ud83d \u{fffd}\nA"),
        ] {
            let (mut channel, mut there) = pair();
            writeln!(there, "{json}").unwrap();
            assert_eq!(channel.receive(|| Ok(())).unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn a_line_that_is_not_json_is_shown() {
        let (mut channel, mut there) = pair();
        writeln!(there, "Segmentation fault").unwrap();
        let error = channel.receive(|| Ok(())).unwrap_err().to_string();
        assert!(error.contains("Segmentation fault"), "{error}");
    }
}
