//! The target of a purge.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identifier::{ImagePackId, InvalidIdentifierError, LocationName};

/// The images that one purge covers, within one tenant. Its text form is the sort key of the queue and of the
/// image-pack table: `pack#<imagePackId>`, `location#<name>`, and `tenant` (queue only).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Target {
    /// Every variant of one image pack: all locations, all suffixes.
    Pack(ImagePackId),
    /// Every variant of one image location, over all packs of the tenant.
    Location(LocationName),
    /// Everything of the tenant.
    Tenant,
}

/// The error of a key that names no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTargetError {
    /// The key has no known prefix, or more than one `#`: a record of another kind.
    #[error("key {0:?} names no target: expected pack#<imagePackId>, location#<name> or tenant")]
    UnknownKind(String),
    /// The part after the `#` is not an identifier.
    #[error(transparent)]
    Identifier(#[from] InvalidIdentifierError),
}

impl InvalidTargetError {
    fn unknown(key: &str) -> Self {
        Self::UnknownKind(key.chars().take(80).collect())
    }
}

impl Target {
    /// Parses a sort key.
    pub fn parse(key: &str) -> Result<Self, InvalidTargetError> {
        match key.split_once('#') {
            // A key of several parts belongs to another record of the table.
            Some((_, rest)) if rest.contains('#') => Err(InvalidTargetError::unknown(key)),
            Some(("pack", id)) => Ok(Self::Pack(ImagePackId::parse(id)?)),
            Some(("location", name)) => Ok(Self::Location(LocationName::parse(name)?)),
            None if key == "tenant" => Ok(Self::Tenant),
            _ => Err(InvalidTargetError::unknown(key)),
        }
    }

    /// The pack, if the target is one.
    #[must_use]
    pub fn pack(&self) -> Option<&ImagePackId> {
        if let Self::Pack(id) = self { Some(id) } else { None }
    }

    /// Whether the target covers variants of more than one pack: maybe millions, where a pack has a handful.
    #[must_use]
    pub fn spans_packs(&self) -> bool {
        matches!(self, Self::Location(_) | Self::Tenant)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pack(id) => write!(formatter, "pack#{id}"),
            Self::Location(name) => write!(formatter, "location#{name}"),
            Self::Tenant => formatter.write_str("tenant"),
        }
    }
}

impl TryFrom<String> for Target {
    type Error = InvalidTargetError;

    fn try_from(key: String) -> Result<Self, Self::Error> {
        Self::parse(&key)
    }
}

impl From<Target> for String {
    fn from(target: Target) -> Self {
        target.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_target_are_each_others_inverse() {
        for key in ["pack#p1", "pack#a-b-c", "location#main", "tenant"] {
            assert_eq!(Target::parse(key).unwrap().to_string(), key);
        }
    }

    #[test]
    fn a_key_that_names_no_target_is_rejected() {
        for key in ["", "pack", "pack#", "pack#*", "location#a/b", "tenant#acme", "asset#1", "PACK#p1"] {
            assert!(Target::parse(key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn a_key_of_several_parts_is_of_an_unknown_kind() {
        for key in ["pack#p1#comment#7", "pack#p1#", "pack##p1", "location#main#x", "tenant#acme#1"] {
            assert_eq!(Target::parse(key), Err(InvalidTargetError::UnknownKind(key.to_owned())));
        }
    }
}
