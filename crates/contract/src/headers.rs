//! HTTP headers between CloudFront, image-processing and viewers.

/// Request header that names the tenant. A tenant's distribution sets it as an origin custom header, which replaces
/// any value that a viewer sends under that name.
pub const TENANT_HEADER: &str = "x-image-tenant";

/// Response header with the fingerprint of the variant: a hash of everything that the variant is rendered from.
pub const IMAGE_FINGERPRINT: &str = "image-fingerprint";

/// Response header that carries cache tags to CloudFront, unless an environment names another. CloudFront removes it
/// from responses to viewers.
pub const CACHE_TAG_HEADER: &str = "image-cache-tag";
