//! The links `{@link X}` of documentation.

use std::collections::BTreeMap;

use crate::assembly::{Docs, Header, Members, Type};
use crate::closure::header;
use crate::library::Library;

/// The beginning of a link.
const LINK: &str = "{@link ";

/// Replaces the links in the documentation of all types: by links to types of the bindings, and by code for what has none.
pub(crate) fn resolve(types: &mut BTreeMap<String, Type>, library: &Library<'_>) {
    let paths: BTreeMap<String, String> =
        types.values().map(header).map(|header| (header.fqn.clone(), library.path_of(header))).collect();
    for type_ in types.values_mut() {
        let module = module(header(type_));
        each_docs(type_, &mut |docs| {
            for text in [&mut docs.summary, &mut docs.remarks, &mut docs.default, &mut docs.returns, &mut docs.see] {
                if text.contains(LINK) {
                    *text = replaced(text, |name| find(&paths, &module, name));
                }
            }
        });
    }
}

/// The part of a type's fully qualified name before its own name.
fn module(header: &Header) -> String {
    header.fqn.rsplit_once('.').map_or("", |(module, _)| module).to_owned()
}

/// The path of a type that is named fully, or relative to the module or the package of the text.
fn find<'a>(paths: &'a BTreeMap<String, String>, module: &str, name: &str) -> Option<&'a str> {
    let package = module.split('.').next().unwrap_or_default();
    let names = [format!("{module}.{name}"), format!("{package}.{name}"), name.to_owned()];
    names.iter().find_map(|name| paths.get(name)).map(String::as_str)
}

/// A text with its links in Markdown: `{@link <target>}` or `{@link <target> <label>}`.
fn replaced<'a>(text: &str, path_of: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut parts = text.split(LINK);
    let mut replaced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (link, rest) = part.split_once('}').unwrap_or((part, ""));
        let (target, label) = link.trim().split_once([' ', '|']).unwrap_or((link.trim(), ""));
        let label = label.trim();
        // A member: `Bucket.fromArn` or `Bucket#bucketArn`. The link leads to its type.
        let owner = target.split_once('#').or_else(|| target.rsplit_once('.')).map_or("", |(owner, _)| owner);
        let link = match path_of(target).or_else(|| path_of(owner)) {
            Some(path) if label.is_empty() => format!("[`{target}`]({path})"),
            Some(path) => format!("[{label}]({path})"),
            None if !target.starts_with("http") => format!("`{}`", if label.is_empty() { target } else { label }),
            None if label.is_empty() => target.to_owned(),
            None => format!("[{label}]({target})"),
        };
        replaced += &link;
        replaced += rest;
    }
    replaced
}

/// Calls `edit` with the documentation of a type and of all its members.
fn each_docs(type_: &mut Type, edit: &mut impl FnMut(&mut Docs)) {
    match type_ {
        Type::Class(class) => {
            edit(&mut class.header.docs);
            class.initializer.iter_mut().for_each(|initializer| {
                edit(&mut initializer.docs);
                initializer.parameters.iter_mut().for_each(|parameter| edit(&mut parameter.docs));
            });
            each_member(&mut class.members, edit);
        }
        Type::Interface(interface) => {
            edit(&mut interface.header.docs);
            each_member(&mut interface.members, edit);
        }
        Type::Enum(enumeration) => {
            edit(&mut enumeration.header.docs);
            enumeration.members.iter_mut().for_each(|member| edit(&mut member.docs));
        }
    }
}

fn each_member(members: &mut Members, edit: &mut impl FnMut(&mut Docs)) {
    for method in &mut members.methods {
        edit(&mut method.docs);
        method.parameters.iter_mut().for_each(|parameter| edit(&mut parameter.docs));
    }
    members.properties.iter_mut().for_each(|property| edit(&mut property.docs));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_a_type_of_the_bindings_or_is_code() {
        let types = ["zoo.Cat", "zoo.cages.Cage"].map(|fqn| (fqn.to_owned(), fqn.replace('.', "::")));
        let types = BTreeMap::from(types);
        for (text, expected) in [
            ("A {@link Cage}.", "A [`Cage`](zoo::cages::Cage)."),
            ("{@link Cat } and {@link zoo.Cat}", "[`Cat`](zoo::Cat) and [`zoo.Cat`](zoo::Cat)"),
            ("{@link Cat#purr}, {@link Cat.felix}", "[`Cat#purr`](zoo::Cat), [`Cat.felix`](zoo::Cat)"),
            ("{@link Cat the cat}", "[the cat](zoo::Cat)"),
            ("{@link Dog} or {@link name|its name}", "`Dog` or `its name`"),
            ("{@link https://x.org a page}", "[a page](https://x.org)"),
            ("{@link https://x.org}", "https://x.org"),
            ("none", "none"),
        ] {
            assert_eq!(replaced(text, |name| find(&types, "zoo.cages", name)), expected);
        }
    }
}
