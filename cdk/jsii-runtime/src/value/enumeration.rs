//! Enumerations: the kernel requires `class/MEMBER` and rejects a plain string.

use serde_json::{Value, json};

use super::from_js::mismatch;
use crate::Result;

/// The wire key of a member of an enumeration.
const ENUM: &str = "$jsii.enum";

/// A JavaScript enumeration. [`enumeration!`](crate::enumeration) implements it.
pub trait Enumeration: Copy + 'static {
    /// Fully qualified name, e.g. `aws-cdk-lib.RemovalPolicy`.
    const FQN: &'static str;
    /// Every member with its JavaScript name.
    const MEMBERS: &'static [(Self, &'static str)];

    /// The member's JavaScript name.
    fn name(self) -> &'static str;
}

/// Converts a member to the wire format.
pub fn enumeration_to_js<E: Enumeration>(member: E) -> Value {
    json!({ ENUM: format!("{}/{}", E::FQN, member.name()) })
}

/// Parses a member. Returns [`Error::Decode`](crate::Error::Decode) for any other value.
pub fn enumeration_from_js<E: Enumeration>(value: &Value) -> Result<E> {
    let name = value.get(ENUM).and_then(Value::as_str).and_then(|text| text.rsplit_once('/')).map(|(_, name)| name);
    match E::MEMBERS.iter().find(|(_, member)| Some(*member) == name) {
        Some((member, _)) => Ok(*member),
        None => mismatch(E::FQN, value),
    }
}
