//! Structures: sets of named fields, passed by value and returned by reference.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::equality::{hash_entries, same_entries};
use crate::{Error, FromJs, Object, Result, kernel};

/// The fields that were set, by their JavaScript names.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    values: Map<String, Value>,
    /// The first field whose value is an error. A setter returns no `Result`, so that setters can be chained.
    failed: Option<(String, Arc<Error>)>,
}

impl Fields {
    /// An empty set of fields.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field, or replaces its value; undefined removes it. An error comes out when the structure is passed to
    /// JavaScript.
    #[must_use]
    pub fn with(mut self, name: &str, value: Result<Value>) -> Self {
        match value {
            Ok(Value::Null) => {
                self.values.shift_remove(name);
            }
            Ok(value) => {
                self.values.insert(name.to_owned(), value);
            }
            Err(error) => self.failed = self.failed.or_else(|| Some((name.to_owned(), Arc::new(error)))),
        }
        self
    }

    /// Parses a field; an absent one is undefined.
    pub fn get<T: FromJs>(&self, name: &str) -> Result<T> {
        T::from_js(self.values.get(name).cloned().unwrap_or_default())
    }

    /// Converts the fields to the wire format of the structure `fqn`.
    pub fn into_js(self, fqn: &str) -> Result<Value> {
        match self.failed {
            None => Ok(json!({ "$jsii.struct": { "fqn": fqn, "data": self.values } })),
            Some((field, source)) => Err(Error::Argument { field, source }),
        }
    }
}

/// Equal fields have equal values, also if JavaScript has returned some of them. An error equals itself.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        let same_failure = match (&self.failed, &other.failed) {
            (Some((_, one)), Some((_, other))) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        same_failure && same_entries(&self.values, &other.values)
    }
}

impl Eq for Fields {}

impl Hash for Fields {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_entries(&self.values, state);
    }
}

/// A JavaScript structure. [`structure!`](crate::structure) implements it.
pub trait Structure {
    /// Fully qualified name, e.g. `aws-cdk-lib.StackProps`.
    const FQN: &'static str;

    /// The fields that were set.
    fn fields(&self) -> &Fields;
}

/// Reads a structure that was returned by reference, with one request for each field.
pub fn structure_from_js(value: Value, names: &[&str]) -> Result<Fields> {
    let object = Object::from_js(value)?;
    let mut values = Map::new();
    for name in names {
        let value: Value = kernel::get(&object, name)?;
        if !value.is_null() {
            values.insert((*name).to_owned(), value);
        }
    }
    Ok(Fields { values, failed: None })
}
