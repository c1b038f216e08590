//! Structures: required properties are arguments of `new`; each optional one has a setter.

use super::types::alternatives;
use super::{Writer, docs};
use crate::assembly::{Header, InterfaceType, Property, TypeRef};
use crate::names::{Names, member_name, module_name, variant_name};

/// The compiler warns of a structure, or a builder, that is made and then forgotten.
const MUST_USE: &str =
    "#[must_use = \"a structure has no effect until it is passed to a call, and a builder none until `build`\"] ";

impl Writer<'_> {
    /// A structure, and the unions that its properties need.
    pub(super) fn structure(&self, structure: &InterfaceType) -> String {
        let header = &structure.header;
        let properties = self.closure.properties(structure);
        let returned = self.closure.is_returned(&header.fqn);
        let mut unions = String::new();
        let (mut members, mut setters) = (String::new(), String::new());

        // `new` is the constructor, and `build` creates the object of a builder.
        let mut function_names = Names::new(&["new", "build"]);
        let fields_by_name: Vec<(String, &Property)> = properties
            .iter()
            .map(|property| (function_names.distinct(member_name(&property.name)), property))
            .collect();
        let (optional, required): (Vec<_>, Vec<_>) = fields_by_name.iter().partition(|(_, property)| property.optional);
        let mut parameters = Vec::new();
        let mut fields = "::jsii_runtime::Fields::new()".to_owned();
        let required_docs = docs::required(required.iter().map(|(name, property)| (name.as_str(), &property.docs)));
        for (name, property) in required {
            let type_ = self.property_type(header, property, &mut unions);
            parameters.push(format!("{name}: impl ::jsii_runtime::IntoJs<{type_}>"));
            fields += &format!(".with({:?}, {name}.into_js())", property.name);
        }
        members +=
            &format!("    {required_docs}pub fn new({}) -> Self {{ Self({fields}, ()) }}\n", parameters.join(", "));
        for (name, property) in optional {
            let type_ = self.property_type(header, property, &mut unions);
            setters += &format!(
                "    {}pub fn {name}(self, value: impl ::jsii_runtime::IntoJs<{type_}>) -> Self {{ \
                 Self(self.0.with({:?}, value.into_js()), self.1) }}\n",
                docs::attribute(&property.docs),
                property.name,
            );
        }
        if returned {
            for (name, property) in &fields_by_name {
                let name = function_names.distinct(format!("get_{}", name.trim_start_matches("r#")));
                members += &self.getter(&name, property);
            }
        }

        let names: Vec<String> = properties.iter().map(|property| format!("{:?}", property.name)).collect();
        let returns = if returned { format!(" returns [{}]", names.join(", ")) } else { String::new() };
        // A result of JavaScript may be ignored.
        let must_use = if returned { "" } else { MUST_USE };
        let (doc, name, fqn) = (docs::attribute(&header.docs), &header.name, &header.fqn);
        format!(
            "{unions}::jsii_runtime::structure! {{ {doc}{must_use}{name} = {fqn:?}{returns} }}\nimpl {name} {{\n{members}}}\n\
             impl<Of> {name}<Of> {{\n{setters}}}\n"
        )
    }

    /// The getter of a property of a returned structure. It begins with `get_`, because the bare name is the setter.
    fn getter(&self, name: &str, property: &Property) -> String {
        format!(
            "    {}pub fn {name}(&self) -> ::jsii_runtime::Result<{}> {{ self.0.get({:?}) }}\n",
            docs::attribute(&property.docs),
            self.result(&property.type_, property.optional),
            property.name,
        )
    }

    /// The type of a property. Several alternatives become an enumeration, which is added to `unions`.
    pub(super) fn property_type(&self, owner: &Header, property: &Property, unions: &mut String) -> String {
        let TypeRef::Union { types } = &property.type_ else {
            return self.argument(&property.type_);
        };
        let alternatives = alternatives(types);
        let variants: Option<Vec<String>> = alternatives.iter().map(|type_| self.variant(type_)).collect();
        let (Some(mut variants), true) = (variants, alternatives.len() > 1) else {
            return self.argument(&property.type_);
        };
        qualify_equal_names(&mut variants, &alternatives);

        let suffix = variant_name(&property.name);
        let (name, owner_name) = (format!("{}{suffix}", owner.name), &owner.name);
        let listed: Vec<String> = variants
            .iter()
            .zip(alternatives)
            .map(|(variant, type_)| format!("{variant}({}),", self.argument(type_)))
            .collect();
        *unions += &format!(
            "::jsii_runtime::union! {{ #[doc = \"The accepted types of `{}` of [`{owner_name}`].\"] {name} {{ {} }} }}\n",
            property.name,
            listed.join(" ")
        );
        if variants.iter().any(|variant| variant == "String") {
            *unions += &format!("::jsii_runtime::text_or! {{ {name} }}\n");
        }
        self.library.path_of(owner) + &suffix
    }
}

/// Prepends the module's name to variants with equal names, for example when two modules have an `IDomainNameRef`.
pub(super) fn qualify_equal_names(variants: &mut [String], alternatives: &[&TypeRef]) {
    let unqualified = variants.to_vec();
    for (variant, type_) in variants.iter_mut().zip(alternatives) {
        let is_unique = unqualified.iter().filter(|other| *other == variant).count() == 1;
        if let (false, TypeRef::Fqn(fqn)) = (is_unique, type_) {
            let module = fqn.rsplit('.').nth(1).unwrap_or_default();
            *variant = format!("{}{variant}", variant_name(&module_name(module)));
        }
    }
}
