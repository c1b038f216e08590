//! The wire format of Rust values.
//!
//! | jsii | Rust | wire |
//! |---|---|---|
//! | string, number, boolean | `String`, `f64`, `bool` | as in JSON |
//! | any, json | [`serde_json::Value`] | as in JSON |
//! | date | [`Date`] | `{"$jsii.date": "2024-…"}` |
//! | array | `Vec<T>` | as in JSON |
//! | map | `IndexMap<String, T>`, in order | `{"$jsii.map": {…}}` |
//! | enum | [`Enumeration`] | `{"$jsii.enum": "fqn/MEMBER"}` |
//! | struct | [`Structure`] | `{"$jsii.struct": {fqn, data}}`; returned by reference |
//! | class, interface | [`Handle`](crate::Handle) | `{"$jsii.byref": "fqn@10000"}` |
//! | undefined | `Option<T>`, `()` | `null` |

mod creation;
mod date;
mod enumeration;
mod equality;
mod from_js;
mod into_js;
mod structure;
mod unchecked;

pub use creation::Creation;
pub use date::Date;
pub use enumeration::{Enumeration, enumeration_from_js, enumeration_to_js};
pub use from_js::{FromJs, object_from_js};
pub use into_js::{IntoJs, ToJs};
pub use structure::{Fields, Structure, structure_from_js};
pub use unchecked::Unchecked;
