//! Results of several types: an enumeration that is named for its types, at the top level of the bindings.

use std::collections::BTreeMap;

use super::Writer;
use super::structure::qualify_equal_names;
use super::types::alternatives;
use crate::assembly::{Type, TypeRef};
use crate::closure::is_structure;

impl Writer<'_> {
    /// The enumerations of all results.
    pub(super) fn result_unions(&self) -> String {
        let mut unions = BTreeMap::new();
        self.closure.each_result(&mut |type_| self.collect(type_, &mut unions));
        unions.into_values().collect()
    }

    fn collect(&self, type_: &TypeRef, unions: &mut BTreeMap<String, String>) {
        match type_ {
            TypeRef::Collection { elementtype, .. } => self.collect(elementtype, unions),
            TypeRef::Union { types } => {
                if let Some(variants) = self.result_variants(types) {
                    let name = variants.join("Or");
                    let text = self.result_union(&name, &variants, types);
                    unions.insert(name, text);
                }
            }
            _ => {}
        }
    }

    /// The path of the enumeration for a result; `None` for a result that stays untyped.
    pub(super) fn result_union_path(&self, types: &[TypeRef]) -> Option<String> {
        Some(self.library.top_level(&self.result_variants(types)?.join("Or")))
    }

    /// The variants for the types of a result. There are none if one of the types is a structure, a list or a map: the
    /// kernel calls each object a structure of the first structure type, whatever it is.
    fn result_variants(&self, types: &[TypeRef]) -> Option<Vec<String>> {
        let is_told_apart =
            |type_: &TypeRef| !matches!(type_, TypeRef::Fqn(fqn) if is_structure(self.closure.get(fqn)));
        if alternatives(types).len() < 2 || !types.iter().all(is_told_apart) {
            return None;
        }
        let mut variants: Vec<String> = types.iter().map(|type_| self.variant(type_)).collect::<Option<_>>()?;
        qualify_equal_names(&mut variants, &types.iter().collect::<Vec<_>>());
        Some(variants)
    }

    fn result_union(&self, name: &str, variants: &[String], types: &[TypeRef]) -> String {
        let (mut listed, mut attempts) = (String::new(), String::new());
        for (variant, type_) in variants.iter().zip(types) {
            let path = self.result(type_, false);
            let is_object = matches!(type_, TypeRef::Fqn(fqn) if !matches!(self.closure.get(fqn), Type::Enum(_)));
            let read =
                if is_object { "::jsii_runtime::value::object_from_js" } else { "::jsii_runtime::FromJs::from_js" };
            listed += &format!("{variant}({path}), ");
            attempts += &format!("if let Ok(it) = {read}(value.clone()) {{ return Ok(Self::{variant}(it)); }}\n");
        }
        format!(
            "::jsii_runtime::union! {{ #[doc = \"A result of several types.\"] {name} {{ {listed}}} }}\n\
             impl ::jsii_runtime::FromJs for {name} {{ fn from_js(value: ::jsii_runtime::generated::Value) -> \
             ::jsii_runtime::Result<Self> {{ {attempts}\
             Err(::jsii_runtime::Error::Decode {{ expected: {name:?}, found: value.to_string() }}) }} }}\n"
        )
    }
}
