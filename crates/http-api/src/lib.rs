//! Code that the functions behind the admin's HTTP API share: the caller ([`Admin`]), validation of a request
//! ([`check_parameters`], [`check_no_body`]), responses in JSON ([`json`]) and error responses ([`ApiError`]).

mod admin;
mod api_error;
mod response;
mod validation;

pub use admin::Admin;
pub use api_error::ApiError;
pub use response::json;
pub use validation::{check_no_body, check_parameters};
