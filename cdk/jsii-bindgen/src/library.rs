//! The types of the packages by name, and their Rust paths.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::assembly::{Assembly, Header, Parents, Type};
use crate::fqn::{package_of, similar};
use crate::names::{module_name, screaming};
use crate::{Error, Package};

/// All types of all packages, and their Rust paths.
pub(crate) struct Library<'a> {
    types: HashMap<&'a str, &'a RawValue>,
    /// The base class and the interfaces of each class and interface that has any.
    pub(crate) parents: BTreeMap<&'a str, Vec<String>>,
    pub(crate) modules: Vec<Module>,
    /// The module that includes the text, e.g. `crate::generated`.
    path: &'a str,
}

/// A package in the bindings.
pub(crate) struct Module {
    /// Name on npm.
    pub(crate) name: String,
    pub(crate) version: String,
    /// The dependencies that are among the packages.
    pub(crate) dependencies: Vec<String>,
    /// All dependencies, with their versions.
    pub(crate) needs: BTreeMap<String, String>,
    /// The format of the assembly, e.g. `jsii/0.10.0`.
    pub(crate) schema: String,
    /// The compiler that wrote the assembly.
    pub(crate) jsii_version: String,
    /// The features of the format that the assembly uses.
    pub(crate) used_features: Vec<String>,
    /// The Rust module of its types; empty for the top level.
    rust: String,
}

impl<'a> Library<'a> {
    /// Parses assemblies, one for each package.
    pub(crate) fn parse(packages: &[Package], texts: &'a [String], path: &'a str) -> Result<Self, Error> {
        let mut library = Self { types: HashMap::new(), parents: BTreeMap::new(), modules: Vec::new(), path };
        for (package, text) in packages.iter().zip(texts) {
            let assembly: Assembly<'a> = serde_json::from_str(text)
                .map_err(|source| Error::Malformed { path: package.folder.join(".jsii"), source })?;
            for (fqn, text) in &assembly.types {
                let parents = parse::<Parents>(fqn, text)?.all();
                if !parents.is_empty() {
                    library.parents.insert(fqn, parents);
                }
            }
            library.types.extend(assembly.types);
            let known = |name: &String| library.modules.iter().any(|module| module.name == *name);
            let dependencies = assembly.dependencies.keys().filter(|name| known(name)).cloned().collect();
            library.modules.push(Module {
                name: assembly.name,
                version: assembly.version,
                dependencies,
                needs: assembly.dependencies,
                schema: assembly.schema,
                jsii_version: assembly.jsii_version,
                used_features: assembly.used_features,
                rust: package.module.clone(),
            });
        }
        Ok(library)
    }

    /// The texts of all types of a package.
    pub(crate) fn types_of(&self, package: &str) -> impl Iterator<Item = (&'a str, &'a RawValue)> {
        self.types.iter().map(|(fqn, text)| (*fqn, *text)).filter(move |(fqn, _)| package_of(fqn) == package)
    }

    /// Parses one type.
    pub(crate) fn get(&self, fqn: &str) -> Result<Type, Error> {
        let text = self.types.get(fqn).ok_or_else(|| self.unknown(fqn))?;
        parse(fqn, text)
    }

    /// The error of a type that no package contains.
    fn unknown(&self, fqn: &str) -> Error {
        let package = package_of(fqn);
        if self.modules.iter().any(|module| module.name == package) {
            let similar = similar(fqn, self.types.keys().copied());
            return Error::UnknownType { fqn: fqn.to_owned(), similar };
        }
        Error::UnreadPackage { package: package.to_owned(), fqn: fqn.to_owned() }
    }

    /// The Rust modules that contain a type, outermost first, relative to the including module.
    pub(crate) fn modules_of(&self, header: &Header) -> Vec<String> {
        let package =
            self.modules.iter().find(|module| module.name == header.assembly).map_or("", |module| &module.rust);
        std::iter::once(package)
            .chain(header.namespace.split('.'))
            .filter(|part| !part.is_empty())
            .map(module_name)
            .collect()
    }

    /// The absolute Rust path of a type.
    pub(crate) fn path_of(&self, header: &Header) -> String {
        let mut path = self.path.to_owned();
        for module in self.modules_of(header) {
            path += "::";
            path += &module;
        }
        path + "::" + &header.name
    }

    /// The absolute Rust path of an item that belongs to no package.
    pub(crate) fn top_level(&self, name: &str) -> String {
        format!("{}::{name}", self.path)
    }

    /// The absolute Rust path of the constant of a package.
    pub(crate) fn module_path(&self, name: &str) -> String {
        format!("{}::{}", self.path, screaming(name))
    }
}

/// Parses a type, or a part of it.
pub(crate) fn parse<'a, T: Deserialize<'a>>(fqn: &str, text: &'a RawValue) -> Result<T, Error> {
    serde_json::from_str(text.get()).map_err(|source| Error::Malformed { path: fqn.into(), source })
}
