//! Classes whose members Rust overrides: a structure of closures, one for each member.

use super::callable::Call;
use super::handle::Body;
use super::implementation::{RESULT, passed};
use super::{Writer, docs};
use crate::assembly::{Callable, ClassType, Property};

impl Writer<'_> {
    /// The overrides of a class: a function for each member, and the constructors of an object that has them.
    pub(super) fn overrides(&self, class: &ClassType) -> String {
        let class_name = class.header.name.as_str();
        let mut body = Body::new(&["new", "create", "builder", "implementing"]);
        if let Some(initializer) = &class.initializer {
            self.functions(initializer, "create", Call::Overridden(class_name), &mut body);
        }
        let (methods, properties) = self.closure.all_members(&class.header.fqn);
        for property in properties {
            self.overridden_property(class_name, property, &mut body);
        }
        for method in methods {
            self.overridden_method(class_name, method, &mut body);
        }
        format!(
            "#[doc = \"The members of [`{class_name}`] that Rust overrides in one object. A call of the object by Rust \
             is one of the base class's member.\"]\n\
             #[derive(Debug, Default)]\n#[must_use = \"overrides have no effect until `create` or `build`\"]\npub struct {class_name}Overrides(::jsii_runtime::Overrides<{class_name}>);\n\
             impl {class_name}Overrides {{\n    #[doc = \"No overrides.\"]\n    \
             pub fn new() -> Self {{ Self(::std::default::Default::default()) }}\n    \
             #[doc = \"Adds an interface that the object implements besides those of its class. `cast` converts the object to \
             it.\"]\n    \
             pub fn implementing<I: ::jsii_runtime::Handle>(self, implementation: ::jsii_runtime::Implementation<I>) -> Self {{ \
             Self(self.0.implementing(&implementation)) }}\n{}}}\n",
            body.text
        )
    }

    fn overridden_method(&self, class: &str, method: &Callable, body: &mut Body) {
        let types: Vec<String> = method.parameters.iter().map(|parameter| self.received(parameter)).collect();
        let returns = method.returns.as_ref().map(|returned| (&returned.type_, returned.optional));
        let member = Overridden {
            docs: docs::attribute(&method.docs),
            name: body.name(&method.name),
            member: format!("Method({:?})", method.name),
            types,
            returned: self.returned(method),
            result: self.sent(&called(&passed(method)), returns),
        };
        body.text += &member.text(class);
    }

    fn overridden_property(&self, class: &str, property: &Property, body: &mut Body) {
        let type_ = self.result(&property.type_, property.optional);
        let name = body.name(&property.name);
        let setter = format!("set_{}", name.trim_start_matches("r#"));
        let read = Overridden {
            docs: docs::attribute(&property.docs),
            name,
            member: format!("Get({:?})", property.name),
            types: Vec::new(),
            returned: type_.clone(),
            result: self.sent(&called(&[]), Some((&property.type_, property.optional))),
        };
        body.text += &read.text(class);
        if !property.immutable {
            let write = Overridden {
                name: body.name(&setter),
                member: format!("Set({:?})", property.name),
                types: vec![type_],
                returned: "()".to_owned(),
                result: self.sent(&called(&["arguments.take()?"]), None),
                ..read
            };
            body.text += &write.text(class);
        }
    }
}

/// The call of an implementation.
fn called(arguments: &[&str]) -> String {
    let arguments: Vec<&str> = std::iter::once("object").chain(arguments.iter().copied()).collect();
    format!("implementation({})?", arguments.join(", "))
}

/// One member that can be overridden.
struct Overridden {
    docs: String,
    name: String,
    /// The variant of `Member`.
    member: String,
    /// The types of the arguments.
    types: Vec<String>,
    returned: String,
    /// The expression of the wire format of the result.
    result: String,
}

impl Overridden {
    fn text(&self, class: &str) -> String {
        let Self { docs, name, member, types, returned, result } = self;
        let types: Vec<String> = std::iter::once(format!("&{class}")).chain(types.iter().cloned()).collect();
        let types = types.join(", ");
        let arguments = if result.contains("arguments.") { "arguments" } else { "_" };
        format!(
            "    {docs}pub fn {name}(self, implementation: impl ::std::ops::Fn({types}) -> {RESULT}<{returned}> + 'static) \
             -> Self {{ Self(self.0.with(::jsii_runtime::Member::{member}, move |object, {arguments}| {result})) }}\n"
        )
    }
}
