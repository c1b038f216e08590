//! Enumerations.

use super::docs;
use crate::assembly::EnumType;
use crate::names::variant_name;

/// An enumeration with all its members.
pub(super) fn text(enumeration: &EnumType) -> String {
    let mut text = format!(
        "::jsii_runtime::enumeration! {{ {}{} = {:?} {{\n",
        docs::attribute(&enumeration.header.docs),
        enumeration.header.name,
        enumeration.header.fqn,
    );
    for member in &enumeration.members {
        text += &format!("    {}{} = {:?},\n", docs::attribute(&member.docs), variant_name(&member.name), member.name);
    }
    text + "} }\n"
}
