//! Code that the functions behind HTTP share: the conversion of events to requests ([`run`]); and for the API of admins
//! and editors the caller ([`Admin`]), validation of a request ([`check_parameters`], [`check_no_body`],
//! [`json_body`]), responses in
//! JSON ([`json`]) and error responses ([`ApiError`]).

mod admin;
mod api_error;
mod body;
mod event;
pub mod openapi;
mod response;
mod validation;

pub use admin::Admin;
pub use api_error::ApiError;
pub use body::{json_body, optional_json_body};
pub use event::run;
pub use response::{json, json_text};
pub use validation::{check_no_body, check_parameters};
