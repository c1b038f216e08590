//! The text of the bindings, one file for each kind of type.
#![expect(
    clippy::format_push_string,
    reason = "`text += &format!(..)` is clearer than `write!`, which cannot fail for a string"
)]

mod builder;
mod callable;
mod docs;
mod enumeration;
mod handle;
mod implementation;
mod markdown;
mod modules;
mod overrides;
mod structure;
mod types;
mod union;

use crate::assembly::Type;
use crate::closure::{Closure, header, is_structure};
use crate::library::Library;
use modules::Tree;

/// Writes bindings from a library and a closure.
pub(crate) struct Writer<'a> {
    library: &'a Library<'a>,
    closure: &'a Closure,
}

/// The text of all bindings.
pub(crate) fn bindings(library: &Library<'_>, closure: &Closure) -> String {
    let writer = Writer { library, closure };
    let mut tree = Tree::default();
    for type_ in closure.types() {
        let text = match type_ {
            Type::Enum(enumeration) => enumeration::text(enumeration),
            Type::Interface(structure) if is_structure(type_) => writer.structure(structure),
            Type::Interface(interface) => writer.interface(interface),
            Type::Class(class) => writer.class(class),
        };
        tree.add(&library.modules_of(header(type_)), &text);
    }
    tree.add(&[], &writer.result_unions());
    modules::constants(library) + &tree.text()
}
