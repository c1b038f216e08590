//! What the functions behind the admin's HTTP API share: the caller ([`Admin`]), validation of the request
//! ([`check_parameters`]), responses in JSON ([`json`]) and error responses ([`ApiError`]).

mod admin;
mod response;
mod validation;
mod api_error;

pub use admin::Admin;
pub use response::json;
pub use validation::{check_no_body, check_parameters};
pub use api_error::ApiError;
