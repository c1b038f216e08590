//! References to objects in the kernel.

use std::rc::Rc;

use serde_json::{Value, json};

use crate::{Error, FromJs, Module, Result, ToJs};

/// The wire key of a reference to an object.
const BY_REFERENCE: &str = "$jsii.byref";

/// A reference to one JavaScript object. A clone refers to the same object.
///
/// Dropping a reference does not delete the object: the kernel keeps each object, with the same reference, until it
/// ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// `<class>@<number>`. `Rc` also keeps objects on their kernel's thread.
    reference: Rc<str>,
}

impl Object {
    /// The fully qualified name of the object's class, or of its nearest exported ancestor.
    #[must_use]
    pub fn class(&self) -> &str {
        self.reference.rsplit_once('@').map_or(&self.reference, |(class, _)| class)
    }

    /// Downcasts to `T`, for example an `IConstruct` to its `CfnBucket`. Returns [`Error::Cast`] for an object of
    /// another class.
    pub fn cast<T: Handle>(&self) -> Result<T> {
        if T::is_class_of(self.class()) {
            return Ok(T::from_object(self.clone()));
        }
        Err(Error::Cast { object: self.reference.to_string(), expected: T::FQN })
    }
}

impl ToJs for Object {
    fn to_js(&self) -> Value {
        json!({ BY_REFERENCE: &*self.reference })
    }
}

impl FromJs for Object {
    fn from_js(value: Value) -> Result<Self> {
        match value.get(BY_REFERENCE).and_then(Value::as_str) {
            Some(reference) => Ok(Self { reference: reference.into() }),
            None => Err(Error::Decode { expected: "an object", found: value.to_string() }),
        }
    }
}

impl Handle for Object {
    const FQN: &'static str = "Object";
    const MODULE: Option<&'static Module> = None;

    fn from_object(object: Object) -> Self {
        object
    }

    fn object(&self) -> &Object {
        self
    }

    fn is_class_of(_: &str) -> bool {
        true
    }
}

/// A typed reference. [`handle!`](crate::handle) implements it for each class and interface.
pub trait Handle: Sized {
    /// Fully qualified name of the class or interface, e.g. `aws-cdk-lib.aws_s3.Bucket`.
    const FQN: &'static str;
    /// The module to load before the class can be used; `None` for JavaScript's own `Object`.
    const MODULE: Option<&'static Module>;

    /// Converts a reference without a check.
    fn from_object(object: Object) -> Self;

    /// The untyped reference.
    fn object(&self) -> &Object;

    /// Whether an object of the class `class` is known to be a `Self`.
    #[must_use]
    fn is_class_of(class: &str) -> bool {
        class == Self::FQN
    }
}

/// A `Self` is accepted as a `T`: the same type, a base class or an interface.
#[diagnostic::on_unimplemented(
    message = "JavaScript expects a `{T}`; `{Self}` neither is one nor derives from one",
    note = "pass an object by reference, `&object`; a structure, an enumeration or a list by value"
)]
pub trait Is<T>: Handle {}
