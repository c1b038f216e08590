//! Query parameters of an image's URL. They are in the cache key of the distributions, which forward no others.

/// The name of the location; without it, the pack's main location.
pub const LOCATION: &str = "location";

/// Any text, usually the time. It makes the URL a cache entry of its own and has no other meaning: with a new value, a
/// viewer sees the response of image-processing instead of a cached one. CloudFront keeps that entry for seconds.
pub const DATE: &str = "date";
