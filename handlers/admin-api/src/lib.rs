//! What the functions behind the admin's HTTP API share: who asks ([`Admin`]), what they get back ([`json`]), and what
//! they get when their request is not carried out ([`Refusal`]).

mod admin;
mod answer;
mod refusal;

pub use admin::Admin;
pub use answer::json;
pub use refusal::Refusal;
