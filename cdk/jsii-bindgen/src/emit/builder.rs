//! Builders: a constructor whose last argument is a structure, without a mention of the structure.

use super::Writer;
use super::callable::{Call, required};
use super::docs;
use crate::assembly::{Callable, InterfaceType, Parameter, Type, TypeRef};
use crate::closure::is_structure;
use crate::names::{Names, member_name};

impl Writer<'_> {
    /// The function `builder` of a class, if the last argument of its constructor is a structure and all others are
    /// required. It takes the required properties after the other arguments; the setters are those of the structure.
    pub(super) fn builder(&self, initializer: &Callable, call: Call<'_>) -> String {
        let Some((arguments, structure)) = self.trailing_structure(initializer) else { return String::new() };
        let (class, receiver, overrides) = match call {
            Call::Overridden(class) => (class, Some("self".to_owned()), ".overriding(self.0)"),
            _ => ("Self", None, ""),
        };
        let mut parameters: Vec<String> =
            receiver.into_iter().chain(arguments.iter().map(|parameter| self.parameter(parameter))).collect();
        let names: Vec<String> = arguments.iter().map(|parameter| member_name(&parameter.name)).collect();
        let properties = self.closure.properties(structure);
        let mut taken = Names::new(&names);
        let mut required = Vec::new();
        for property in properties.iter().filter(|property| !property.optional) {
            let name = taken.distinct(member_name(&property.name));
            // The structure has the unions already.
            let type_ = self.property_type(&structure.header, property, &mut String::new());
            parameters.push(format!("{name}: impl ::jsii_runtime::IntoJs<{type_}>"));
            required.push(name);
        }
        let described = arguments.iter().map(|parameter| (parameter.name.as_str(), &parameter.docs));
        let described = described.chain(
            properties
                .iter()
                .filter(|property| !property.optional)
                .map(|property| (property.name.as_str(), &property.docs)),
        );
        let path = self.library.path_of(&structure.header);
        let given: Vec<String> = names.iter().map(|name| format!("{name}.into_js()")).collect();
        format!(
            "    {}pub fn builder({}) -> {path}<::jsii_runtime::Creation<{class}>> {{ \
             {path}::new({}).__last_of(::jsii_runtime::Creation::new([{}]){overrides}) }}\n",
            docs::builder(described),
            parameters.join(", "),
            required.join(", "),
            given.join(", "),
        )
    }

    /// The arguments before the last one, and the last one, if it is a structure.
    fn trailing_structure<'a>(&'a self, initializer: &'a Callable) -> Option<(&'a [Parameter], &'a InterfaceType)> {
        let (last, arguments) = initializer.parameters.split_last()?;
        let TypeRef::Fqn(fqn) = &last.type_ else { return None };
        let type_ = self.closure.get(fqn);
        let Type::Interface(structure) = type_ else { return None };
        let others_required = required(initializer, Call::Constructor) >= arguments.len();
        (is_structure(type_) && !last.variadic && others_required).then_some((arguments, structure))
    }
}
