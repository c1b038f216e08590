//! Enumerations.

use super::docs;
use crate::assembly::EnumType;
use crate::names::{Names, variant_name};

/// An enumeration with all its members.
pub(super) fn text(enumeration: &EnumType) -> String {
    let mut text = format!(
        "::jsii_runtime::enumeration! {{ {}{} = {:?} {{\n",
        docs::attribute(&enumeration.header.docs),
        enumeration.header.name,
        enumeration.header.fqn,
    );
    let mut names = Names::default();
    for member in &enumeration.members {
        let variant = names.distinct(variant_name(&member.name));
        text += &format!("    {}{variant} = {:?},\n", docs::attribute(&member.docs), member.name);
    }
    text + "} }\n"
}
