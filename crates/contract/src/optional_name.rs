//! The name of a resource that a function may do without.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

/// The name of a resource. As a text, `none` means that there is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OptionalName(pub Option<String>);

/// The text of no name.
const NONE: &str = "none";

impl FromStr for OptionalName {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self((text != NONE).then(|| text.to_owned())))
    }
}

impl fmt::Display for OptionalName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_deref().unwrap_or(NONE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written_and_none_is_no_name() {
        for name in [OptionalName(Some("image-invalidation".to_owned())), OptionalName(None)] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert_eq!(OptionalName(None).to_string(), "none");
    }
}
