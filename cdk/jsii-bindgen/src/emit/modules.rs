//! The modules of the types and the constants of the packages.

use std::collections::BTreeMap;

use crate::excerpt;
use crate::library::Library;
use crate::names::screaming;

/// A module with its text and nested modules.
#[derive(Default)]
pub(super) struct Tree {
    text: String,
    modules: BTreeMap<String, Tree>,
}

impl Tree {
    /// Adds text to the module at `path`.
    pub(super) fn add(&mut self, path: &[String], text: &str) {
        match path {
            [] => self.text += text,
            [first, rest @ ..] => self.modules.entry(first.clone()).or_default().add(rest, text),
        }
    }

    /// The module's content.
    pub(super) fn text(&self) -> String {
        let mut text = "use ::jsii_runtime::IntoJs as _;\n".to_owned();
        text += &self.text;
        for (name, module) in &self.modules {
            text += &format!("pub mod {name} {{\n{}}}\n", module.text());
        }
        text
    }
}

/// The hierarchy of the library's types, and one constant for each package.
pub(super) fn constants(library: &Library<'_>) -> String {
    let mut text = hierarchy(library);
    for module in &library.modules {
        let dependencies: Vec<String> =
            module.dependencies.iter().map(|name| format!("&{}", library.module_path(name))).collect();
        text += &format!(
            "#[doc = \"The npm package.\"]\npub static {}: ::jsii_runtime::Module = ::jsii_runtime::Module {{ \
             name: {:?}, version: {:?}, dependencies: &[{}], assembly: include_bytes!({:?}), hierarchy: &{} }};\n",
            screaming(&module.name),
            module.name,
            module.version,
            dependencies.join(", "),
            excerpt::file_name(&module.name),
            library.top_level("HIERARCHY"),
        );
    }
    text
}

fn hierarchy(library: &Library<'_>) -> String {
    let entries: Vec<String> =
        library.parents.iter().map(|(fqn, parents)| format!("({fqn:?}, &{parents:?})")).collect();
    format!("static HIERARCHY: ::jsii_runtime::Hierarchy = ::jsii_runtime::Hierarchy(&[{}]);\n", entries.join(", "))
}
