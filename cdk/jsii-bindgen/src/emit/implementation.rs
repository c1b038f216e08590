//! Interfaces that Rust implements: a trait with the members, and a function that makes an object of an implementation.

use std::iter::once;

use super::{Writer, docs};
use crate::assembly::{Callable, InterfaceType, Parameter, Property, TypeRef};
use crate::names::{Names, member_name};

/// The result of a member.
pub(super) const RESULT: &str = "::jsii_runtime::CallbackResult";
/// The value that JavaScript gets.
const VALUE: &str = "::jsii_runtime::generated::Value";

/// The texts of one member.
struct Member {
    /// Its declaration in the trait.
    declaration: String,
    /// The arm that calls it.
    arm: String,
}

impl Writer<'_> {
    /// The trait of a root interface, and for an interface with a single method its implementation by closures.
    pub(super) fn implementation_trait(&self, interface: &InterfaceType) -> String {
        let name = trait_name(interface);
        let (methods, properties) = self.closure.all_members(&interface.header.fqn);
        let declarations: String = self.implemented(interface).into_iter().map(|member| member.declaration).collect();
        let javascript = &interface.header.name;
        let text = format!(
            "#[doc = \"The members of [`{javascript}`], implemented in Rust: see [`{javascript}::implement`].\"]\n\
             pub trait {name} {{\n{declarations}}}\n"
        );
        let ([method], []) = (methods.as_slice(), properties.as_slice()) else { return text };
        let types = method.parameters.iter().map(|parameter| self.received(parameter)).collect::<Vec<_>>().join(", ");
        let arguments = argument_names(method).join(", ");
        let signature = self.signature(method, &member_name(&method.name));
        text + &format!(
            "impl<F: ::std::ops::Fn({types}) -> {RESULT}<{}>> {name} for F {{\n    {signature} {{ self({arguments}) }}\n}}\n",
            self.returned(method),
        )
    }

    /// The function that makes an object of an implementation.
    pub(super) fn implement(&self, interface: &InterfaceType) -> String {
        let (methods, properties) = self.closure.all_members(&interface.header.fqn);
        let names = |names: Vec<&String>| names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
        let methods = names(methods.iter().map(|method| &method.name).collect());
        let properties = names(properties.iter().map(|property| &property.name).collect());
        let arms: String = self.implemented(interface).into_iter().map(|member| member.arm).collect();
        let arguments = if arms.contains("arguments.") { "arguments" } else { "_" };
        let name = trait_name(interface);
        format!(
            "    #[doc = \"An object whose members are implemented in Rust.\"]\n    \
             #[track_caller] pub fn implement(implementation: impl {name} + 'static) -> ::jsii_runtime::Result<Self> {{\n        \
             Self::implementation(implementation).create()\n    }}\n    \
             #[doc = \"The members, implemented in Rust, for an object of a class that Rust overrides.\"]\n    \
             pub fn implementation(implementation: impl {name} + 'static) -> ::jsii_runtime::Implementation<Self> {{\n        \
             ::jsii_runtime::Implementation::new(&[{methods}], &[{properties}], move |member, {arguments}| match member {{\n\
             {arms}            \
             other => Err(::std::format!(\"{{other:?}} is no member of the interface\").into()),\n        }})\n    }}\n",
        )
    }

    /// The members of an interface and of those that it extends.
    fn implemented(&self, interface: &InterfaceType) -> Vec<Member> {
        let (methods, properties) = self.closure.all_members(&interface.header.fqn);
        let mut names = Names::default();
        let mut members = Vec::new();
        for property in properties {
            members.extend(self.implemented_property(property, &mut names));
        }
        for method in methods {
            members.push(self.implemented_method(method, &mut names));
        }
        members
    }

    fn implemented_method(&self, method: &Callable, names: &mut Names) -> Member {
        let (js, rust) = (&method.name, names.distinct(member_name(&method.name)));
        let call = format!("implementation.{rust}({})?", passed(method).join(", "));
        let returns = method.returns.as_ref().map(|returned| (&returned.type_, returned.optional));
        Member {
            declaration: format!("    {}{};\n", docs::attribute(&method.docs), self.signature(method, &rust)),
            arm: format!("            ::jsii_runtime::Member::Method({js:?}) => {},\n", self.sent(&call, returns)),
        }
    }

    /// The members that read and write a property. One that is optional is undefined unless it is implemented.
    fn implemented_property(&self, property: &Property, names: &mut Names) -> Vec<Member> {
        let (js, doc) = (&property.name, docs::attribute(&property.docs));
        let rust = names.distinct(member_name(&property.name));
        let type_ = self.result(&property.type_, property.optional);
        let undefined =
            if type_ == VALUE { format!("{VALUE}::Null") } else { "::std::option::Option::None".to_owned() };
        let body = |value: &str| if property.optional { format!(" {{ Ok({value}) }}") } else { ";".to_owned() };
        let read = format!("implementation.{rust}()?");
        let mut members = vec![Member {
            declaration: format!("    {doc}fn {rust}(&self) -> {RESULT}<{type_}>{}\n", body(&undefined)),
            arm: format!(
                "            ::jsii_runtime::Member::Get({js:?}) => {},\n",
                self.sent(&read, Some((&property.type_, property.optional)))
            ),
        }];
        if !property.immutable {
            let setter = names.distinct(format!("set_{}", rust.trim_start_matches("r#")));
            let body = if property.optional { " { let _ = value; Ok(()) }" } else { ";" };
            members.push(Member {
                declaration: format!("    {doc}fn {setter}(&self, value: {type_}) -> {RESULT}<()>{body}\n"),
                arm: format!(
                    "            ::jsii_runtime::Member::Set({js:?}) => {},\n",
                    self.sent(&format!("implementation.{setter}(arguments.take()?)?"), None)
                ),
            });
        }
        members
    }

    fn signature(&self, method: &Callable, name: &str) -> String {
        let typed = |parameter: &Parameter| format!("{}: {}", member_name(&parameter.name), self.received(parameter));
        let parameters: Vec<_> = once("&self".to_owned()).chain(method.parameters.iter().map(typed)).collect();
        format!("fn {name}({}) -> {RESULT}<{}>", parameters.join(", "), self.returned(method))
    }

    /// The type of an argument that JavaScript passes.
    pub(super) fn received(&self, parameter: &Parameter) -> String {
        let type_ = self.result(&parameter.type_, parameter.optional);
        if parameter.variadic { format!("::std::vec::Vec<{type_}>") } else { type_ }
    }

    pub(super) fn returned(&self, method: &Callable) -> String {
        let returned = method.returns.as_ref();
        returned.map_or("()".to_owned(), |returned| self.result(&returned.type_, returned.optional))
    }

    /// The expression of `Result<Value>` for the Rust value of `call`, which has the given type.
    pub(super) fn sent(&self, call: &str, returns: Option<(&TypeRef, bool)>) -> String {
        let Some((type_, optional)) = returns else { return format!("{{ {call}; Ok({VALUE}::Null) }}") };
        let plain = self.result(type_, false);
        if plain == VALUE {
            return format!("Ok({call})");
        }
        let convert = format!("::jsii_runtime::IntoJs::<{plain}>::into_js");
        if optional {
            format!("Ok({call}.map_or(Ok({VALUE}::Null), {convert})?)")
        } else {
            format!("Ok({convert}({call})?)")
        }
    }
}

/// The name of the trait with the members of an interface.
fn trait_name(interface: &InterfaceType) -> String {
    format!("{}Impl", interface.header.name)
}

/// The arguments of a callback, as the arguments of an implementation.
pub(super) fn passed(method: &Callable) -> Vec<&'static str> {
    let read = |parameter: &Parameter| if parameter.variadic { "arguments.rest()?" } else { "arguments.take()?" };
    method.parameters.iter().map(read).collect()
}

fn argument_names(method: &Callable) -> Vec<String> {
    method.parameters.iter().map(|parameter| member_name(&parameter.name)).collect()
}
