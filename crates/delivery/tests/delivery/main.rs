//! Images as CloudFront requests them: the handler over the real SDK, against DynamoDB and S3 in this process.
#![expect(clippy::unwrap_used, reason = "tests; the helpers around them are not marked as such")]

mod errors;
mod freshness;
mod images;
mod parallel;
mod service;
