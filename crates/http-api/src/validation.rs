//! Validation of query parameters and body.

use lambda_http::http::StatusCode;
use lambda_http::{Request, RequestExt};

use crate::ApiError;

/// The longest part of a parameter's name that a message repeats, in characters.
const NAME_CHARS_MAX: usize = 80;

/// Checks that `request` has no query parameter but those in `known`. 400: it has an unknown one, so that a misspelt
/// parameter never counts as absent.
pub fn check_parameters(request: &Request, known: &[&str]) -> Result<(), ApiError> {
    let parameters = request.query_string_parameters();
    let Some((name, _)) = parameters.iter().find(|(name, _)| !known.contains(name)) else { return Ok(()) };
    let name: String = name.chars().take(NAME_CHARS_MAX).collect();
    let known: Vec<_> = known.iter().map(|known| format!("{known:?}")).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let message = format!("There is no parameter {name:?}; allowed: {known}.");
    Err(ApiError::new(StatusCode::BAD_REQUEST, "unknown-parameter", message))
}

/// Checks that `request` has no body. 400: it has one, which the function would ignore.
pub fn check_no_body(request: &Request) -> Result<(), ApiError> {
    if request.body().is_empty() {
        return Ok(());
    }
    let message = "This request takes no body: the URL has all its parameters. Send it without a body.";
    Err(ApiError::new(StatusCode::BAD_REQUEST, "unexpected-body", message))
}
