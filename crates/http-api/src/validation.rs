//! Validation of what a request carries besides its action: query parameters and a body.

use lambda_http::http::StatusCode;
use lambda_http::{Request, RequestExt};

use crate::ApiError;

/// How much of a parameter's name is repeated, in characters.
const NAME_CHARS_MAX: usize = 80;

/// 400 where `request` has a query parameter that is none of `known`: one that is misspelt must not pass for one that is
/// left out.
pub fn check_parameters(request: &Request, known: &[&str]) -> Result<(), ApiError> {
    let parameters = request.query_string_parameters();
    let Some((name, _)) = parameters.iter().find(|(name, _)| !known.contains(name)) else { return Ok(()) };
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    let known: Vec<_> = known.iter().map(|known| format!("{known:?}")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let message = format!("There is no parameter {name:?}; allowed: {known}.");
    Err(ApiError::new(StatusCode::BAD_REQUEST, "unknown-parameter", message))
}

/// 400 where `request` has a body: whoever sends one expects it to matter.
pub fn check_no_body(request: &Request) -> Result<(), ApiError> {
    if request.body().is_empty() {
        return Ok(());
    }
    let message = "This request takes no body; what it does stands in its URL. Send it without one.";
    Err(ApiError::new(StatusCode::BAD_REQUEST, "unexpected-body", message))
}
