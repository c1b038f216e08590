//! Conversion of Rust values to arguments.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::{Handle, Is, Result};

/// A value with exactly one wire format.
pub trait ToJs {
    /// The wire format.
    fn to_js(&self) -> Value;
}

/// A value that is accepted as an argument of the type `T`.
///
/// | `T` | accepted |
/// |---|---|
/// | `String` | `&str`, `String`, `&String` |
/// | `f64` | `f64`, or an integer of up to 32 bits |
/// | class or interface `T` | `&O` or `O` where `O` [is](crate::Is) a `T` |
/// | class or interface, scalar | the `Result` of a call that returns one: its error is that of the call that it is passed to |
/// | structure, enumeration | itself |
/// | `Vec<T>` | `[..]`, `Vec`, or `&[..]` of values that are accepted as `T` |
/// | `IndexMap<String, T>` | `[(key, value), ..]`, `Vec`, `IndexMap` or `BTreeMap` of values that are accepted as `T` |
/// | optional | `Some` of any of the above; `None` is undefined. JavaScript rejects it where a value is required |
/// | `Value` (any value) | any of the above that is not a list or a map; `json!` |
///
/// [`Unchecked`](crate::Unchecked) is accepted as any type.
#[diagnostic::on_unimplemented(
    message = "JavaScript expects a `{T}`; a `{Self}` is not accepted as one",
    note = "pass an object as it is or by reference; a structure, an enumeration or a list by value"
)]
pub trait IntoJs<T> {
    /// The wire format, or the error of the call whose result this is.
    fn into_js(self) -> Result<Value>;
}

impl<T: Handle, O: Is<T>> IntoJs<T> for &O {
    fn into_js(self) -> Result<Value> {
        Ok(self.object().to_js())
    }
}

/// An object that another call returned. Its error comes out of the call that the object is passed to.
impl<T: Handle, O: Is<T>> IntoJs<T> for Result<O> {
    fn into_js(self) -> Result<Value> {
        Ok(self?.object().to_js())
    }
}

/// An optional value. `None` is undefined.
impl<T, G: IntoJs<T>> IntoJs<T> for Option<G> {
    fn into_js(self) -> Result<Value> {
        self.map_or(Ok(Value::Null), IntoJs::into_js)
    }
}

/// Scalars: values that JSON represents directly. They are also accepted as `Value`.
macro_rules! scalar {
    ($target:ty: $($given:ty),*) => {
        impl ToJs for $target {
            fn to_js(&self) -> Value {
                json!(self)
            }
        }
        impl IntoJs<$target> for $target {
            fn into_js(self) -> Result<Value> {
                Ok(json!(self))
            }
        }
        impl IntoJs<Value> for $target {
            fn into_js(self) -> Result<Value> {
                Ok(json!(self))
            }
        }
        impl IntoJs<$target> for Result<$target> {
            fn into_js(self) -> Result<Value> {
                Ok(json!(self?))
            }
        }
        $(
            impl IntoJs<$target> for $given {
                fn into_js(self) -> Result<Value> {
                    Ok(json!(self))
                }
            }
            impl IntoJs<Value> for $given {
                fn into_js(self) -> Result<Value> {
                    Ok(json!(self))
                }
            }
        )*
    };
}

scalar!(bool:);
scalar!(f64: i8, i16, i32, u8, u16, u32);
scalar!(String: &str, &String);

impl IntoJs<Value> for Value {
    fn into_js(self) -> Result<Value> {
        Ok(self)
    }
}

impl<O: Handle> IntoJs<Value> for &O {
    fn into_js(self) -> Result<Value> {
        Ok(self.object().to_js())
    }
}

fn list<T, G: IntoJs<T>>(items: impl IntoIterator<Item = G>) -> Result<Value> {
    items.into_iter().map(IntoJs::into_js).collect()
}

impl<T, G: IntoJs<T>> IntoJs<Vec<T>> for Vec<G> {
    fn into_js(self) -> Result<Value> {
        list(self)
    }
}

impl<T, G: IntoJs<T>, const N: usize> IntoJs<Vec<T>> for [G; N] {
    fn into_js(self) -> Result<Value> {
        list(self)
    }
}

impl<T, G: IntoJs<T> + Clone> IntoJs<Vec<T>> for &[G] {
    fn into_js(self) -> Result<Value> {
        list(self.iter().cloned())
    }
}

fn map<T, K: Into<String>, G: IntoJs<T>>(entries: impl IntoIterator<Item = (K, G)>) -> Result<Value> {
    let entries = entries.into_iter().map(|(key, value)| Ok((key.into(), value.into_js()?)));
    Ok(json!({ "$jsii.map": entries.collect::<Result<Map<String, Value>>>()? }))
}

impl<T, K: Into<String>, G: IntoJs<T>, const N: usize> IntoJs<IndexMap<String, T>> for [(K, G); N] {
    fn into_js(self) -> Result<Value> {
        map(self)
    }
}

impl<T, K: Into<String>, G: IntoJs<T>> IntoJs<IndexMap<String, T>> for Vec<(K, G)> {
    fn into_js(self) -> Result<Value> {
        map(self)
    }
}

impl<T, G: IntoJs<T>> IntoJs<IndexMap<String, T>> for IndexMap<String, G> {
    fn into_js(self) -> Result<Value> {
        map(self)
    }
}

impl<T, G: IntoJs<T>> IntoJs<IndexMap<String, T>> for BTreeMap<String, G> {
    fn into_js(self) -> Result<Value> {
        map(self)
    }
}
