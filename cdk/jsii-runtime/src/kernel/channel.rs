//! The channel: lines of JSON in both directions over one socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

use serde_json::Value;

use crate::{Error, Result};

/// Maximum number of characters of an unreadable line in an error.
const SHOWN: usize = 200;

/// This side's end of the kernel's channel.
#[derive(Debug)]
pub(super) struct Channel {
    stream: BufReader<UnixStream>,
}

impl Channel {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// Sends one message.
    pub(super) fn send(&mut self, message: &Value) -> Result<()> {
        let line = format!("{message}\n");
        self.stream.get_mut().write_all(line.as_bytes()).map_err(|source| Error::Ended { source: Some(source) })
    }

    /// Waits for one message.
    pub(super) fn receive(&mut self) -> Result<Value> {
        let mut line = String::new();
        match self.stream.read_line(&mut line) {
            Ok(0) => Err(Error::Ended { source: None }),
            Ok(_) => {
                serde_json::from_str(&line).map_err(|_| Error::Protocol { line: line.chars().take(SHOWN).collect() })
            }
            Err(source) => Err(Error::Ended { source: Some(source) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pair() -> (Channel, UnixStream) {
        let (here, there) = UnixStream::pair().unwrap();
        (Channel::new(here), there)
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
        assert!(matches!(channel.receive(), Err(Error::Ended { .. })));
    }

    #[test]
    fn a_line_that_is_not_json_is_shown() {
        let (mut channel, mut there) = pair();
        writeln!(there, "Segmentation fault").unwrap();
        let error = channel.receive().unwrap_err().to_string();
        assert!(error.contains("Segmentation fault"), "{error}");
    }
}
