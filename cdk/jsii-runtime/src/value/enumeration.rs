//! Enumerations: the wire wants `class/MEMBER`; a plain string is rejected.

use serde_json::{Value, json};

use super::from_js::mismatch;
use crate::Result;

/// The wire's key for a member of an enumeration.
const ENUM: &str = "$jsii.enum";

/// A JavaScript enumeration: what [`enumeration!`](crate::enumeration) defines.
pub trait Enumeration: Copy + 'static {
    /// Fully qualified name, e.g. `aws-cdk-lib.RemovalPolicy`.
    const FQN: &'static str;
    /// Every member with its JavaScript name.
    const MEMBERS: &'static [(Self, &'static str)];

    /// The member's JavaScript name.
    fn name(self) -> &'static str;
}

/// Writes a member.
pub fn enumeration_to_js<E: Enumeration>(member: E) -> Value {
    json!({ ENUM: format!("{}/{}", E::FQN, member.name()) })
}

/// Reads a member.
pub fn enumeration_from_js<E: Enumeration>(value: &Value) -> Result<E> {
    let name = value.get(ENUM).and_then(Value::as_str).and_then(|text| text.rsplit_once('/')).map(|(_, name)| name);
    match E::MEMBERS.iter().find(|(_, member)| Some(*member) == name) {
        Some((member, _)) => Ok(*member),
        None => mismatch(E::FQN, value),
    }
}
