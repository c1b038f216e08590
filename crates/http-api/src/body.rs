//! Parsing of request bodies in JSON.

use lambda_http::Body;
use lambda_http::http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::ApiError;

/// The largest body in JSON, in bytes: more than the largest valid one, 100 packs with ids of 128 characters.
const JSON_BYTES_MAX: usize = 16 * 1024;

/// The longest message about a body, in characters, so that the response does not repeat a hostile field name in whole.
const MESSAGE_CHARS_MAX: usize = 300;

/// Parses a required body in JSON. 400: absent or not JSON. 413: too large. 422: JSON of another structure.
pub fn json_body<T: DeserializeOwned>(body: &Body) -> Result<T, ApiError> {
    optional_json_body(body)?
        .ok_or_else(|| ApiError::new(StatusCode::BAD_REQUEST, "unreadable-body", "The request needs a body in JSON."))
}

/// Parses an optional body in JSON. The errors are those of [`json_body`].
pub fn optional_json_body<T: DeserializeOwned>(body: &Body) -> Result<Option<T>, ApiError> {
    let bytes: &[u8] = body.as_ref();
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() > JSON_BYTES_MAX {
        let message = format!("The body has {} bytes; JSON may have {JSON_BYTES_MAX} bytes.", bytes.len());
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
    // serde also accepts an array as an object, with the values in the order of the fields.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(invalid("The body must be a JSON object.".to_owned()));
    }
    Ok(Some(value))
}

fn invalid(message: String) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid-body", message)
}
