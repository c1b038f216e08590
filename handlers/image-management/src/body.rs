//! JSON that comes in.

use admin_api::ApiError;
use lambda_http::Body;
use lambda_http::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// How large a body in JSON may be, in bytes: several times the largest that means anything, a pack with a long title.
const JSON_BYTES_MAX: usize = 16 * 1024;

/// How much of what is wrong with a body is told, in characters: a hostile field name is not repeated in whole.
const MESSAGE_CHARS_MAX: usize = 300;

/// Reads a body that must be there. 400: not JSON. 413: too large. 422: JSON that does not say what it should.
pub(crate) fn json<T: DeserializeOwned>(body: &Body) -> Result<T, ApiError> {
    optional_json(body)?.ok_or_else(|| {
        ApiError::new(StatusCode::BAD_REQUEST, "unreadable-body", "The request needs a body in JSON, and has none.")
    })
}

/// Reads a body that may be left out.
pub(crate) fn optional_json<T: DeserializeOwned>(body: &Body) -> Result<Option<T>, ApiError> {
    let bytes: &[u8] = body.as_ref();
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() > JSON_BYTES_MAX {
        let message = format!("The body has {} bytes; JSON may have {JSON_BYTES_MAX}.", bytes.len());
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", message));
    }
    let value = serde_json::from_slice(bytes).map_err(|error| {
        let message: String = format!("The body cannot be read: {error}").chars().take(MESSAGE_CHARS_MAX).collect();
        match error.classify() {
            Category::Data => invalid(message),
            Category::Io | Category::Syntax | Category::Eof => {
                ApiError::new(StatusCode::BAD_REQUEST, "unreadable-body", message)
            }
        }
    })?;
    // serde would also take an array for an object, its values in the order of the fields.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(invalid("The body must be a JSON object.".to_owned()));
    }
    Ok(Some(value))
}

fn invalid(message: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", message)
}
