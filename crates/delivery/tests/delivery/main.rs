//! Tests of delivery: the handler over the real SDK, with DynamoDB and S3 in this process.
#![expect(clippy::unwrap_used, reason = "tests; the helpers around them are not marked as such")]

mod answer_max;
mod errors;
mod freshness;
mod images;
mod large_variants;
mod logs;
mod null_attributes;
mod parallel;
mod paths;
mod service;
mod suffixes;
mod unrenderable;
