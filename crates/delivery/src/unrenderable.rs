//! Images that cannot be rendered: the reason is the response, and a marker in the variants bucket keeps it for the next
//! requests.

use contract::limits::ORIGINAL_BYTES_MAX;
use imaging::RenderError;
use serde::{Deserialize, Serialize};

use crate::Handler;
use crate::api_error::ApiError;
use crate::ports::{Ports, Variants};
use crate::variant_spec::VariantSpec;

/// The reason for which an original cannot be rendered with the configuration of its location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unrenderable {
    /// The error code, for programs.
    pub(crate) code: String,
    /// The text of the response.
    pub(crate) message: String,
}

impl Unrenderable {
    /// The reason that `error` states.
    pub(crate) fn new(error: &RenderError) -> Self {
        Self { code: error.code().to_owned(), message: error.to_string() }
    }

    /// The reason for an original above [`ORIGINAL_BYTES_MAX`].
    pub(crate) fn original_too_large() -> Self {
        let message =
            format!("The original has more than {ORIGINAL_BYTES_MAX} bytes, which is the limit. Upload a smaller one.");
        Self { code: "original-too-large".to_owned(), message }
    }
}

impl<P: Ports> Handler<P> {
    /// Reads the marker of `spec`. `None`: it may be possible to render it.
    ///
    /// The key of a marker contains everything that a rendering depends on, so a marker never applies to another
    /// original or configuration. A purge deletes it with the variants of its target.
    pub(crate) async fn marked(&self, spec: &VariantSpec) -> Result<Option<Unrenderable>, ApiError> {
        let marker = self.ports.variants().read(&spec.marker_key()).await?;
        // Content that is no marker is ignored: the image is rendered.
        Ok(marker.and_then(|marker| serde_json::from_slice(&marker.bytes).ok()))
    }

    /// Stores the marker of `spec` for a reason that another attempt would have, too, and returns the error response. A
    /// failure to store it is logged: the next request tries to render the image again.
    pub(crate) async fn mark(&self, spec: &VariantSpec, reason: Unrenderable) -> ApiError {
        let key = spec.marker_key();
        let bytes = serde_json::json!(reason).to_string().into_bytes();
        let store = self.ports.variants().store(&key, bytes, "application/json", &spec.cache_tags()).await;
        if let Err(error) = store {
            tracing::warn!(%error, key, "marker not stored: the next request tries to render the image again");
        }
        ApiError::CannotRender(reason)
    }
}
