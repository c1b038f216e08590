//! References to objects in the kernel.

use std::hash::{Hash, Hasher};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::{Error, FromJs, Hierarchy, Module, Result, ToJs};

/// The wire key of a reference to an object.
pub(crate) const BY_REFERENCE: &str = "$jsii.byref";
/// The wire key of the interfaces that an object implements besides those of its class.
const INTERFACES: &str = "$jsii.interfaces";

/// A reference to one JavaScript object. A clone refers to the same object.
///
/// Dropping a reference does not delete the object: the kernel keeps each object, with the same reference, until it
/// ends.
#[derive(Clone, Debug)]
pub struct Object {
    /// `<class>@<number>`. `Rc` also keeps objects on their kernel's thread.
    reference: Rc<str>,
    /// The interfaces that the object implements besides those of its class. An object of a class that is not exported
    /// has the class `Object`, and its interfaces here.
    interfaces: Rc<[String]>,
    /// The type of an unchecked cast, which the kernel does not know.
    asserted: Option<&'static str>,
}

/// Two references are equal if they refer to the same object.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.reference == other.reference
    }
}

impl Eq for Object {}

impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.reference.hash(state);
    }
}

impl Object {
    /// The fully qualified name of the object's class, or of its nearest exported ancestor.
    #[must_use]
    pub fn class(&self) -> &str {
        self.reference.rsplit_once('@').map_or(&self.reference, |(class, _)| class)
    }

    /// Downcasts to `T`, for example an `IConstruct` to its `CfnBucket`: to any class or interface that the object's
    /// class is, derives from or implements. Returns [`Error::Cast`] for any other.
    pub fn cast<T: Handle>(&self) -> Result<T> {
        // JavaScript's own `Object` has no module: every object is one.
        if T::MODULE.is_none_or(|module| self.is_a(T::FQN, module.hierarchy)) {
            return Ok(T::from_object(self.clone()));
        }
        Err(Error::Cast { object: self.reference.to_string(), expected: T::FQN })
    }

    /// Casts to the interface `T` without a check. JavaScript returns some objects as `any`: the kernel knows nothing about
    /// such an object, so [`cast`](Self::cast) rejects each type.
    #[must_use]
    pub fn cast_unchecked<T: Handle>(&self) -> T {
        T::from_object(Self { asserted: Some(T::FQN), ..self.clone() })
    }

    fn is_a(&self, fqn: &str, hierarchy: &Hierarchy) -> bool {
        hierarchy.is(self.class(), fqn) || self.interfaces.iter().any(|interface| hierarchy.is(interface, fqn))
    }
}

impl ToJs for Object {
    fn to_js(&self) -> Value {
        match self.asserted {
            None => json!({ BY_REFERENCE: &*self.reference }),
            Some(interface) => json!({ BY_REFERENCE: &*self.reference, INTERFACES: [interface] }),
        }
    }
}

impl FromJs for Object {
    fn from_js(value: Value) -> Result<Self> {
        let Some(reference) = value.get(BY_REFERENCE).and_then(Value::as_str) else {
            return Err(Error::Decode { expected: "an object", found: value.to_string() });
        };
        let interfaces = value.get(INTERFACES).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let interfaces = interfaces.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        Ok(Self { reference: reference.into(), interfaces, asserted: None })
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
}

/// A typed reference. [`handle!`](crate::handle) implements it for each class and interface.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a class nor an interface of JavaScript",
    note = "pass an object as it is or by reference; a structure, an enumeration or a list by value"
)]
pub trait Handle: Sized {
    /// Fully qualified name of the class or interface, e.g. `aws-cdk-lib.aws_s3.Bucket`.
    const FQN: &'static str;
    /// The module to load before the class can be used; `None` for JavaScript's own `Object`.
    const MODULE: Option<&'static Module>;

    /// Converts a reference without a check.
    fn from_object(object: Object) -> Self;

    /// The untyped reference.
    fn object(&self) -> &Object;
}

/// A `Self` is accepted as a `T`: the same type, a base class or an interface.
#[diagnostic::on_unimplemented(
    message = "JavaScript expects a `{T}`; `{Self}` neither is one nor derives from one",
    note = "pass an object as it is or by reference; a structure, an enumeration or a list by value"
)]
pub trait Is<T>: Handle {}
