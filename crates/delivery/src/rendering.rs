//! Renders a variant from its original and stores it.

use domain::Measurements;
use imaging::{RenderError, render};

use crate::Handler;
use crate::api_error::ApiError;
use crate::ports::{FoundOriginal, Originals, Ports, StoredVariant, Variants};
use crate::unrenderable::Unrenderable;
use crate::variant_spec::VariantSpec;

impl<P: Ports> Handler<P> {
    /// Renders the variant of `spec` and stores it, or stores a marker that it cannot be rendered.
    pub(crate) async fn render_and_store(&self, spec: &VariantSpec) -> Result<StoredVariant, ApiError> {
        let original = match self.ports.originals().read(&spec.image.original).await? {
            FoundOriginal::Absent => return Err(ApiError::MissingOriginal(spec.location.clone())),
            FoundOriginal::TooLarge => return Err(self.mark(spec, Unrenderable::original_too_large()).await),
            FoundOriginal::Bytes(bytes) => bytes,
        };
        let key = spec.key();
        // Lambda sends one request at a time to an instance, so this computation blocks no other request.
        let rendered = match render(&original, spec.image.crop, spec.config) {
            Ok(rendered) => rendered,
            Err(error) => {
                tracing::info!(?error, key, "the variant cannot be rendered");
                let reason = Unrenderable::new(&error);
                return Err(match error {
                    // The cause may be a lack of memory, so another attempt may succeed.
                    RenderError::Unencodable(_) => ApiError::CannotRender(reason),
                    _ => self.mark(spec, reason).await,
                });
            }
        };
        let (bytes, content_type) = (rendered.bytes, rendered.content_type);
        let etag = self.ports.variants().store(&key, bytes.clone(), content_type, &spec.cache_tags()).await?;
        self.ports.record(&Measurements::variant_rendered(&spec.tenant));
        Ok(StoredVariant { bytes, content_type: content_type.to_owned(), etag })
    }
}
