//! Structures: sets of named fields, passed by value and returned by reference.

use serde_json::{Map, Value, json};

use crate::{FromJs, Object, Result, kernel};

/// The fields that were set, by their JavaScript names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// An empty set of fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field, or replaces its value.
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    /// Parses a field; an absent one is undefined.
    pub fn get<T: FromJs>(&self, name: &str) -> Result<T> {
        T::from_js(self.0.get(name).cloned().unwrap_or_default())
    }
}

/// A JavaScript structure. [`structure!`](crate::structure) implements it.
pub trait Structure {
    /// Fully qualified name, e.g. `aws-cdk-lib.StackProps`.
    const FQN: &'static str;

    /// The fields that were set.
    fn fields(&self) -> &Fields;
}

/// Converts a structure to the wire format.
pub fn structure_to_js<S: Structure>(structure: &S) -> Value {
    json!({ "$jsii.struct": { "fqn": S::FQN, "data": structure.fields().0 } })
}

/// Reads a structure that was returned by reference, with one request for each field.
pub fn structure_from_js(value: Value, names: &[&str]) -> Result<Fields> {
    let object = Object::from_js(value)?;
    let mut fields = Map::new();
    for name in names {
        let value: Value = kernel::get(&object, name)?;
        if !value.is_null() {
            fields.insert((*name).to_owned(), value);
        }
    }
    Ok(Fields(fields))
}
