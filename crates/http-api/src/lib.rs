//! What the functions behind the admin's HTTP API share: who asks ([`Admin`]), what a request may carry
//! ([`check_parameters`]), what its sender gets back ([`json`]), and what when it is not carried out ([`Refusal`]).

mod admin;
mod answer;
mod form;
mod refusal;

pub use admin::Admin;
pub use answer::json;
pub use form::{check_no_body, check_parameters};
pub use refusal::Refusal;
