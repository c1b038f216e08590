//! jsii types as Rust types.

use super::Writer;
use crate::assembly::{Kind, Primitive, TypeRef};
use crate::closure::header;

/// The type of any value.
const ANY: &str = "::jsii_runtime::generated::Value";

/// The interface of CDK's tokens, values that are resolved at deployment. CDK adds it to the type of almost every
/// property of a CloudFormation resource. The bindings require the property's own type; `Unchecked` accepts a token.
const TOKEN: &str = "aws-cdk-lib.IResolvable";

impl Writer<'_> {
    /// The type of an argument, the parameter of `IntoJs`.
    pub(super) fn argument(&self, type_: &TypeRef) -> String {
        match type_ {
            TypeRef::Union { types } => match alternatives(types).as_slice() {
                [only] => self.argument(only),
                _ => ANY.to_owned(),
            },
            // The kernel also evaluates only the first type.
            TypeRef::Intersection { types } => self.argument(&types[0]),
            _ => self.plain(type_, &|type_| self.argument(type_)),
        }
    }

    /// The type of a result. The value of a union can have any of its types, a token included; it is untyped if the types
    /// cannot be told apart.
    pub(super) fn result(&self, type_: &TypeRef, optional: bool) -> String {
        let result = match type_ {
            TypeRef::Union { types } => self.result_union_path(types).unwrap_or_else(|| ANY.to_owned()),
            TypeRef::Intersection { types } => self.result(&types[0], false),
            _ => self.plain(type_, &|type_| self.result(type_, false)),
        };
        if optional && result != ANY {
            return format!("::std::option::Option<{result}>");
        }
        result
    }

    /// A type that is not a union. `element` converts the types of elements.
    fn plain(&self, type_: &TypeRef, element: &dyn Fn(&TypeRef) -> String) -> String {
        match type_ {
            TypeRef::Fqn(fqn) => self.library.path_of(header(self.closure.get(fqn))),
            TypeRef::Primitive(primitive) => match primitive {
                Primitive::Any | Primitive::Json => ANY,
                Primitive::Boolean => "bool",
                Primitive::Date => "::jsii_runtime::Date",
                Primitive::Number => "f64",
                Primitive::String => "::std::string::String",
            }
            .to_owned(),
            TypeRef::Collection { kind, elementtype } => match kind {
                Kind::Array => format!("::std::vec::Vec<{}>", element(elementtype)),
                Kind::Map => {
                    format!("::jsii_runtime::generated::IndexMap<::std::string::String, {}>", element(elementtype))
                }
            },
            TypeRef::Union { .. } | TypeRef::Intersection { .. } => ANY.to_owned(),
        }
    }

    /// The name of the variant for a type of a union; `None` for a list or a map, which no variant holds.
    pub(super) fn variant(&self, type_: &TypeRef) -> Option<String> {
        let name = match type_ {
            TypeRef::Fqn(fqn) => &header(self.closure.get(fqn)).name,
            TypeRef::Primitive(Primitive::Boolean) => "Boolean",
            TypeRef::Primitive(Primitive::Number) => "Number",
            TypeRef::Primitive(Primitive::String) => "String",
            _ => return None,
        };
        Some(name.to_owned())
    }
}

/// The types of a union without the token.
pub(super) fn alternatives(types: &[TypeRef]) -> Vec<&TypeRef> {
    types.iter().filter(|type_| !matches!(type_, TypeRef::Fqn(fqn) if fqn == TOKEN)).collect()
}
