//! Constructors and methods: one function with the required arguments, and one for each optional argument.

use super::handle::Body;
use super::{Writer, docs};
use crate::assembly::{Callable, Parameter};
use crate::names::member_name;

/// The kind of call that a function makes.
#[derive(Clone, Copy)]
pub(super) enum Call<'a> {
    Constructor,
    /// The constructor of this class for an object with overridden members.
    Overridden(&'a str),
    Method,
    StaticMethod,
}

impl Call<'_> {
    /// Whether the call creates an object.
    fn creates(self) -> bool {
        matches!(self, Self::Constructor | Self::Overridden(_))
    }
}

impl Writer<'_> {
    /// Adds the functions of a constructor or method. `name` is the Rust name of the first one.
    pub(super) fn functions(&self, callable: &Callable, name: &str, call: Call<'_>, body: &mut Body) {
        let required = required(callable, call);
        body.text += &self.function(callable, name, &callable.parameters[..required], call);
        for count in required + 1..=callable.parameters.len() {
            let parameters = &callable.parameters[..count];
            let last = member_name(&parameters[count - 1].name);
            let name = format!("{}_with_{}", name.trim_start_matches("r#"), last.trim_start_matches("r#"));
            let name = body.name(&name);
            body.text += &self.function(callable, &name, parameters, call);
        }
        if call.creates() {
            body.text += &self.builder(callable, call);
        }
    }

    fn function(&self, callable: &Callable, name: &str, parameters: &[Parameter], call: Call<'_>) -> String {
        let mut listed: Vec<String> = parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        let result = match (call, &callable.returns) {
            (Call::Constructor, _) => "Self".to_owned(),
            (Call::Overridden(class), _) => class.to_owned(),
            (_, None) => "()".to_owned(),
            (_, Some(returned)) => self.result(&returned.type_, returned.optional),
        };
        let args = arguments(parameters);
        let js = &callable.name;
        let body = match call {
            Call::Constructor => format!("::jsii_runtime::create({args})"),
            Call::Overridden(_) => {
                listed.insert(0, "self".to_owned());
                format!("self.0.create({args})")
            }
            Call::StaticMethod => format!("::jsii_runtime::invoke_static::<Self, _>({js:?}, {args})"),
            Call::Method => {
                listed.insert(0, "&self".to_owned());
                let invoke = if callable.is_async { "invoke_async" } else { "invoke" };
                format!("::jsii_runtime::{invoke}(::jsii_runtime::Handle::object(self), {js:?}, {args})")
            }
        };
        format!(
            "    {}#[track_caller] pub fn {name}({}) -> ::jsii_runtime::Result<{result}> {{ {body} }}
",
            docs::function(callable, parameters, parameters.len() == required(callable, call)),
            listed.join(", "),
        )
    }

    pub(super) fn parameter(&self, parameter: &Parameter) -> String {
        let name = member_name(&parameter.name);
        let type_ = self.argument(&parameter.type_);
        if parameter.variadic {
            return format!("{name}: impl ::jsii_runtime::IntoJs<::std::vec::Vec<{type_}>>");
        }
        format!("{name}: impl ::jsii_runtime::IntoJs<{type_}>")
    }
}

/// The number of arguments that are always required.
pub(super) fn required(callable: &Callable, call: Call<'_>) -> usize {
    let is_required = |parameter: &Parameter| {
        // A construct outside of the tree is always a mistake: `new Stack()` would create its own app.
        let places = call.creates() && ["scope", "id"].contains(&parameter.name.as_str());
        !parameter.optional || places
    };
    callable.parameters.iter().take_while(|parameter| is_required(parameter)).count()
}

/// The arguments as an expression; a variadic one is spread at the end.
fn arguments(parameters: &[Parameter]) -> String {
    let converted = |parameters: &[Parameter]| {
        let values: Vec<String> =
            parameters.iter().map(|parameter| format!("{}.into_js()?", member_name(&parameter.name))).collect();
        values.join(", ")
    };
    match parameters {
        [fixed @ .., last] if last.variadic => {
            format!("&::jsii_runtime::spread(&[{}], {}.into_js()?)", converted(fixed), member_name(&last.name))
        }
        all => format!("&[{}]", converted(all)),
    }
}
