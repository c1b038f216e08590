//! The contact that `fetchImage` names in its `User-Agent`.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// The address of a web page or a mailbox of the operators, for the operators of servers that images are fetched from.
/// As a text, `none` means that there is no contact.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Contact(Option<String>);

/// The error of a text that cannot be a contact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not valid as a contact: allowed are {ALLOWED}")]
pub struct InvalidContactError(String);

/// The text of no contact.
const NONE: &str = "none";

/// The longest contact, in characters.
const CHARS_MAX: usize = 200;

/// The rule of [`is_valid`] in words.
const ALLOWED: &str = "\"none\" and up to 200 printable characters of ASCII without spaces, parentheses and \
                       backslashes, for example https://example.com/images or images@example.com";

impl Contact {
    /// The contact. `None`: there is none.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// Returns whether `text` can stand in a comment of the header, of which it must not be the end (RFC 9110, "Comments").
fn is_valid(text: &str) -> bool {
    (1..=CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"()\\".contains(&byte))
}

impl FromStr for Contact {
    type Err = InvalidContactError;

    fn from_str(text: &str) -> Result<Self, InvalidContactError> {
        match text {
            NONE => Ok(Self(None)),
            text if is_valid(text) => Ok(Self(Some(text.to_owned()))),
            text => Err(InvalidContactError(text.chars().take(CHARS_MAX).collect())),
        }
    }
}

impl TryFrom<String> for Contact {
    type Error = InvalidContactError;

    fn try_from(text: String) -> Result<Self, InvalidContactError> {
        text.parse()
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text().unwrap_or(NONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_an_address_or_none() {
        for text in ["https://example.com/images?by=us&for=you#top", "images@example.com", "mailto:a+b@example.com"] {
            let contact: Contact = text.parse().unwrap();
            assert_eq!((contact.text(), contact.to_string().as_str()), (Some(text), text));
        }
        let none: Contact = "none".parse().unwrap();
        assert_eq!((&none, none.text(), none.to_string().as_str()), (&Contact::default(), None, "none"));
    }

    #[test]
    fn a_text_that_would_change_the_header_is_rejected() {
        let long = "a".repeat(201);
        for text in ["", " ", "a b", "a\r\nx-header: b", "a\u{0}", "a)", "(a", "a\\", "bücher@example.com", &long] {
            let error = text.parse::<Contact>().unwrap_err().to_string();
            assert!(error.contains("https://example.com/images"), "{error}");
        }
        assert!(serde_json::from_str::<Contact>("\"a b\"").is_err());
    }
}
