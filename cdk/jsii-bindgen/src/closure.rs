//! The types to write: the roots and all types that they reference, directly or indirectly.

use std::collections::{BTreeMap, HashSet};

use crate::Error;
use crate::assembly::{Callable, ClassType, Docs, Header, InterfaceType, Members, Property, Type, TypeRef};
use crate::fqn::OVERRIDE;
use crate::library::Library;
use crate::links;
use crate::names::{Names, member_name};

/// The types to write.
pub(crate) struct Closure {
    roots: HashSet<String>,
    /// The classes whose members can be overridden in Rust.
    overridden: HashSet<String>,
    /// These classes and their base classes. Their protected members get bindings, too.
    exposed: HashSet<String>,
    types: BTreeMap<String, Type>,
    /// Structures that JavaScript returns and that therefore need getters.
    returned: HashSet<String>,
}

impl Closure {
    /// Follows all references from the roots.
    pub(crate) fn of(library: &Library<'_>, roots: &[&str]) -> Result<Self, Error> {
        let overridden: HashSet<String> =
            roots.iter().filter_map(|root| root.strip_prefix(OVERRIDE)).map(ToOwned::to_owned).collect();
        let roots: Vec<&str> = roots.iter().map(|root| root.strip_prefix(OVERRIDE).unwrap_or(root)).collect();
        let mut closure = Self {
            roots: roots.iter().map(ToString::to_string).collect(),
            exposed: with_bases(library, &overridden)?,
            overridden,
            types: BTreeMap::new(),
            returned: HashSet::new(),
        };
        let mut waiting: Vec<String> = roots.iter().rev().map(ToString::to_string).collect();
        while let Some(fqn) = waiting.pop() {
            if closure.types.contains_key(&fqn) {
                continue;
            }
            let mut type_ = library.get(&fqn)?;
            if closure.exposed.contains(&fqn) {
                expose(&mut type_);
            }
            name_parameters(&mut type_);
            mentions(&type_, &mut |fqn| waiting.push(fqn.to_owned()));
            closure.types.insert(fqn, type_);
        }
        closure.find_returned();
        links::resolve(&mut closure.types, library);
        Ok(closure)
    }

    /// All types, ordered by name.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        self.types.values()
    }

    /// A type of the closure.
    pub(crate) fn get(&self, fqn: &str) -> &Type {
        &self.types[fqn]
    }

    /// Whether the closure has a type.
    pub(crate) fn has(&self, fqn: &str) -> bool {
        self.types.contains_key(fqn)
    }

    /// Whether the type was listed as a root. An interface among them can be implemented in Rust.
    pub(crate) fn is_root(&self, fqn: &str) -> bool {
        self.roots.contains(fqn)
    }

    /// Whether Rust can override the members of a class.
    pub(crate) fn is_overridden(&self, fqn: &str) -> bool {
        self.overridden.contains(fqn)
    }

    /// The methods and properties of the objects of a class or interface, the inherited ones too, each name once, the nearest.
    pub(crate) fn all_members(&self, fqn: &str) -> (Vec<&Callable>, Vec<&Property>) {
        let (mut methods, mut properties): (Vec<&Callable>, Vec<&Property>) = (Vec::new(), Vec::new());
        let ancestors = self.ancestors(fqn);
        let ancestors = ancestors.into_iter().filter_map(|ancestor| members(&self.types[ancestor]));
        let Some(own) = members(&self.types[fqn]) else { return (methods, properties) };
        for members in std::iter::once(own).chain(ancestors) {
            for method in members.written_methods().filter(|method| !method.is_static) {
                if methods.iter().all(|known| known.name != method.name) {
                    methods.push(method);
                }
            }
            for property in members.written_properties().filter(|property| !property.is_static) {
                if properties.iter().all(|known| known.name != property.name) {
                    properties.push(property);
                }
            }
        }
        (methods, properties)
    }

    /// Whether JavaScript returns this structure.
    pub(crate) fn is_returned(&self, fqn: &str) -> bool {
        self.returned.contains(fqn)
    }

    /// The direct and indirect base classes and interfaces of a type, each once, nearest first.
    pub(crate) fn ancestors(&self, fqn: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let mut waiting: Vec<&str> = parents(&self.types[fqn]);
        waiting.reverse();
        while let Some(parent) = waiting.pop() {
            if !found.contains(&parent) {
                found.push(parent);
                waiting.splice(0..0, parents(&self.types[parent]).into_iter().rev());
            }
        }
        found
    }

    /// The types that a handle derefs to, nearest first: base classes, or the first interface of each interface.
    pub(crate) fn deref_chain(&self, fqn: &str) -> Vec<&str> {
        let next = |fqn: &&str| deref_target(&self.types[*fqn]);
        std::iter::successors(deref_target(&self.types[fqn]), next).collect()
    }

    fn find_returned(&mut self) {
        let mut returned = HashSet::new();
        self.each_result(&mut |type_| {
            each_name(type_, &mut |fqn| {
                returned.insert(fqn.to_owned());
            });
        });
        // The structures in a returned structure are returned, too.
        let mut waiting: Vec<String> = returned.iter().cloned().collect();
        while let Some(fqn) = waiting.pop() {
            if let Some(Type::Interface(structure)) = self.types.get(&fqn).filter(|found| is_structure(found)) {
                for property in self.properties(structure) {
                    each_name(&property.type_, &mut |fqn| {
                        if returned.insert(fqn.to_owned()) {
                            waiting.push(fqn.to_owned());
                        }
                    });
                }
            }
        }
        self.returned = returned;
    }

    /// Calls `note` with the type of each value that Rust gets from JavaScript: results, the properties of returned
    /// structures, and the arguments of members that Rust implements.
    pub(crate) fn each_result(&self, note: &mut impl FnMut(&TypeRef)) {
        for type_ in self.types.values() {
            let fqn = &header(type_).fqn;
            if let Type::Interface(structure) = type_
                && structure.datatype
            {
                if self.is_returned(fqn) {
                    self.properties(structure).iter().for_each(|property| note(&property.type_));
                }
                continue;
            }
            let Some(members) = members(type_) else { continue };
            members.written_properties().for_each(|property| note(&property.type_));
            let is_implemented = self.roots.contains(fqn) && matches!(type_, Type::Interface(_));
            for method in members.written_methods() {
                method.returns.iter().for_each(|result| note(&result.type_));
                if is_implemented || self.exposed.contains(fqn) {
                    method.parameters.iter().for_each(|parameter| note(&parameter.type_));
                }
            }
        }
    }

    /// The own properties of a structure, then the inherited ones.
    pub(crate) fn properties(&self, structure: &InterfaceType) -> Vec<Property> {
        let mut all: Vec<Property> = structure.members.written_properties().cloned().collect();
        for ancestor in self.ancestors(&structure.header.fqn) {
            if let Some(members) = members(&self.types[ancestor]) {
                for property in members.written_properties() {
                    if all.iter().all(|known| known.name != property.name) {
                        all.push(property.clone());
                    }
                }
            }
        }
        all
    }
}

impl Members {
    /// The methods that get bindings. The kernel has no request for a call of a static asynchronous one.
    pub(crate) fn written_methods(&self) -> impl Iterator<Item = &Callable> {
        let is_callable = |method: &Callable| !(method.is_static && method.is_async);
        self.methods.iter().filter(move |method| !method.protected && is_callable(method) && is_current(&method.docs))
    }

    /// The properties that get bindings.
    pub(crate) fn written_properties(&self) -> impl Iterator<Item = &Property> {
        self.properties.iter().filter(|property| !property.protected && is_current(&property.docs))
    }
}

/// The classes and their base classes.
fn with_bases(library: &Library<'_>, classes: &HashSet<String>) -> Result<HashSet<String>, Error> {
    let mut all = HashSet::new();
    for class in classes {
        let mut next = Some(class.clone());
        while let Some(fqn) = next {
            let type_ = library.get(&fqn)?;
            let Type::Class(class) = type_ else { return Err(Error::NoClass { fqn }) };
            next = class.base;
            all.insert(fqn);
        }
    }
    Ok(all)
}

/// Makes the protected members of a class public.
fn expose(type_: &mut Type) {
    if let Type::Class(class) = type_ {
        class.members.methods.iter_mut().for_each(|method| method.protected = false);
        class.members.properties.iter_mut().for_each(|property| property.protected = false);
    }
}

/// Gives the parameters of each function names that are distinct in Rust.
fn name_parameters(type_: &mut Type) {
    let (initializer, members) = match type_ {
        Type::Class(class) => (class.initializer.as_deref_mut(), &mut class.members),
        Type::Interface(interface) => (None, &mut interface.members),
        Type::Enum(_) => return,
    };
    for callable in initializer.into_iter().chain(&mut members.methods) {
        let mut names = Names::default();
        for parameter in &mut callable.parameters {
            let name = member_name(&parameter.name);
            let distinct = names.distinct(name.clone());
            if distinct != name {
                parameter.name = distinct;
            }
        }
    }
}

fn is_current(docs: &Docs) -> bool {
    docs.stability != "deprecated"
}

/// Whether the type is passed by value.
pub(crate) fn is_structure(type_: &Type) -> bool {
    matches!(type_, Type::Interface(InterfaceType { datatype: true, .. }))
}

/// The attributes that all types share.
pub(crate) fn header(type_: &Type) -> &Header {
    match type_ {
        Type::Class(class) => &class.header,
        Type::Interface(interface) => &interface.header,
        Type::Enum(enumeration) => &enumeration.header,
    }
}

/// Methods and properties of a class or interface.
pub(crate) fn members(type_: &Type) -> Option<&Members> {
    match type_ {
        Type::Class(class) => Some(&class.members),
        Type::Interface(interface) => Some(&interface.members),
        Type::Enum(_) => None,
    }
}

fn parents(type_: &Type) -> Vec<&str> {
    let (base, interfaces) = match type_ {
        Type::Class(ClassType { base, interfaces, .. }) => (base.as_deref(), interfaces.as_slice()),
        Type::Interface(interface) => (None, interface.interfaces.as_slice()),
        Type::Enum(_) => (None, [].as_slice()),
    };
    base.into_iter().chain(interfaces.iter().map(String::as_str)).collect()
}

fn deref_target(type_: &Type) -> Option<&str> {
    match type_ {
        Type::Class(class) => class.base.as_deref(),
        Type::Interface(interface) => interface.interfaces.first().map(String::as_str),
        Type::Enum(_) => None,
    }
}

/// Calls `note` with each type that a type references.
fn mentions(type_: &Type, note: &mut impl FnMut(&str)) {
    parents(type_).into_iter().for_each(&mut *note);
    if let Type::Class(ClassType { initializer: Some(initializer), .. }) = type_ {
        signature_mentions(initializer, note);
    }
    if let Some(members) = members(type_) {
        for method in members.written_methods() {
            signature_mentions(method, note);
        }
        for property in members.written_properties() {
            each_name(&property.type_, note);
        }
    }
}

fn signature_mentions(callable: &Callable, note: &mut impl FnMut(&str)) {
    for parameter in &callable.parameters {
        each_name(&parameter.type_, note);
    }
    if let Some(returned) = &callable.returns {
        each_name(&returned.type_, note);
    }
}

fn each_name(type_: &TypeRef, note: &mut impl FnMut(&str)) {
    match type_ {
        TypeRef::Fqn(fqn) => note(fqn),
        TypeRef::Primitive(_) => {}
        TypeRef::Collection { elementtype, .. } => each_name(elementtype, note),
        TypeRef::Union { types } | TypeRef::Intersection { types } => {
            for member in types {
                each_name(member, note);
            }
        }
    }
}
