//! Classes and interfaces: references to JavaScript objects.

use std::collections::HashSet;

use super::callable::Call;
use super::{Writer, docs};
use crate::assembly::{Callable, ClassType, Header, InterfaceType, Members, Property};
use crate::closure::{header, members};
use crate::names::{Names, member_name};

/// The interface of constructs, and the class that implements it.
const ICONSTRUCT: &str = "constructs.IConstruct";
const CONSTRUCT: &str = "constructs.Construct";

/// The members of one handle; each name is used only once.
pub(super) struct Body {
    pub(super) text: String,
    names: Names,
}

impl Body {
    /// No members. `taken` are the names of others.
    pub(super) fn new(taken: &[&str]) -> Self {
        Self { text: String::new(), names: Names::new(taken) }
    }

    /// A unique name for a member.
    pub(super) fn name(&mut self, javascript: &str) -> String {
        self.names.distinct(member_name(javascript))
    }
}

impl Writer<'_> {
    /// A class. It derefs to its base, so members of the base are not repeated.
    pub(super) fn class(&self, class: &ClassType) -> String {
        let mut body = Body::new(&["new", "builder"]);
        if let Some(initializer) = class.initializer.as_ref().filter(|new| !class.is_abstract && !new.protected) {
            self.functions(initializer, "new", Call::Constructor, &mut body);
        }
        let inherited = self.inherited(&class.header.fqn);
        self.members(&class.members, &inherited, &mut body);
        let handle = self.handle(&class.header, &body.text);
        if self.closure.is_overridden(&class.header.fqn) { handle + &self.overrides(class) } else { handle }
    }

    /// An interface. It derefs to the first interface that it extends and repeats the members of the others.
    pub(super) fn interface(&self, interface: &InterfaceType) -> String {
        let fqn = &interface.header.fqn;
        let mut body = Body::new(if self.closure.is_root(fqn) { &["implement", "implementation"] } else { &[] });
        let mut inherited = self.inherited(fqn);
        self.members(&interface.members, &inherited, &mut body);
        inherited.extend(own_names(&interface.members));
        let chain = self.closure.deref_chain(fqn);
        for ancestor in self.closure.ancestors(fqn) {
            if let Some(members) = members(self.closure.get(ancestor)).filter(|_| !chain.contains(&ancestor)) {
                self.members(members, &inherited, &mut body);
                inherited.extend(own_names(members));
            }
        }
        if !self.closure.is_root(fqn) {
            return self.handle(&interface.header, &body.text);
        }
        body.text += &self.implement(interface);
        self.handle(&interface.header, &body.text) + &self.implementation_trait(interface)
    }

    fn handle(&self, header: &Header, body: &str) -> String {
        let fqn = &header.fqn;
        let path = |fqn: &&str| self.library.path_of(self.header_of(fqn));
        let chain = self.closure.deref_chain(fqn);
        let base = chain.first().map_or("::jsii_runtime::Object".to_owned(), path);
        let mut ancestors = self.closure.ancestors(fqn);
        // Every object that is an `IConstruct` is a `Construct`: the interface exists for other interfaces to extend.
        let is_construct = fqn == ICONSTRUCT || ancestors.contains(&ICONSTRUCT);
        if is_construct && fqn != CONSTRUCT && !ancestors.contains(&CONSTRUCT) && self.closure.has(CONSTRUCT) {
            ancestors.push(CONSTRUCT);
        }
        let ancestors: Vec<String> = ancestors.iter().map(path).collect();
        format!(
            "::jsii_runtime::handle! {{ {}{name}: {base} = {fqn:?} in {}, is [{}] }}\n\
             impl {name} {{\n{body}}}\n",
            docs::attribute(&header.docs),
            self.library.module_path(&header.assembly),
            ancestors.join(", "),
            name = header.name,
        )
    }

    fn header_of(&self, fqn: &str) -> &Header {
        header(self.closure.get(fqn))
    }

    /// The instance members that deref reaches.
    fn inherited(&self, fqn: &str) -> HashSet<String> {
        self.closure
            .deref_chain(fqn)
            .into_iter()
            .filter_map(|ancestor| members(self.closure.get(ancestor)))
            .flat_map(own_names)
            .collect()
    }

    fn members(&self, members: &Members, inherited: &HashSet<String>, body: &mut Body) {
        for property in members.written_properties() {
            if property.is_static {
                self.static_property(property, body);
            } else if !inherited.contains(&property.name) {
                self.property(property, body);
            }
        }
        for method in members.written_methods() {
            if method.is_static {
                self.method(method, Call::StaticMethod, body);
            } else if !inherited.contains(&method.name) {
                self.method(method, Call::Method, body);
            }
        }
    }

    fn method(&self, method: &Callable, call: Call, body: &mut Body) {
        let name = body.name(&method.name);
        self.functions(method, &name, call, body);
    }

    fn property(&self, property: &Property, body: &mut Body) {
        let js = &property.name;
        let doc = docs::attribute(&property.docs);
        let result = self.result(&property.type_, property.optional);
        let name = body.name(js);
        body.text += &format!(
            "    {doc}#[track_caller] pub fn {name}(&self) -> ::jsii_runtime::Result<{result}> {{ \
             ::jsii_runtime::get(::jsii_runtime::Handle::object(self), {js:?}) }}\n"
        );
        if !property.immutable {
            let type_ = self.argument(&property.type_);
            let name = body.name(&format!("set_{}", name.trim_start_matches("r#")));
            body.text += &format!(
                "    {doc}#[track_caller] pub fn {name}(&self, value: impl ::jsii_runtime::IntoJs<{type_}>) -> \
                 ::jsii_runtime::Result<()> {{ \
                 ::jsii_runtime::set(::jsii_runtime::Handle::object(self), {js:?}, &value.into_js()?) }}\n"
            );
        }
    }

    fn static_property(&self, property: &Property, body: &mut Body) {
        let js = &property.name;
        let doc = docs::attribute(&property.docs);
        let name = body.name(js);
        body.text += &format!(
            "    {doc}#[track_caller] pub fn {name}() -> ::jsii_runtime::Result<{}> {{ \
             ::jsii_runtime::get_static::<Self, _>({js:?}) }}\n",
            self.result(&property.type_, property.optional),
        );
        if !property.immutable {
            let type_ = self.argument(&property.type_);
            let name = body.name(&format!("set_{}", name.trim_start_matches("r#")));
            body.text += &format!(
                "    {doc}#[track_caller] pub fn {name}(value: impl ::jsii_runtime::IntoJs<{type_}>) -> ::jsii_runtime::Result<()> {{ \
                 ::jsii_runtime::set_static::<Self>({js:?}, &value.into_js()?) }}\n"
            );
        }
    }
}

/// The names of a type's own instance members.
fn own_names(members: &Members) -> Vec<String> {
    let methods = members.written_methods().filter(|method| !method.is_static);
    let properties = members.written_properties().filter(|property| !property.is_static);
    methods.map(|method| method.name.clone()).chain(properties.map(|property| property.name.clone())).collect()
}
