//! The management API as editors use it: the handler over the real SDK, against DynamoDB and S3 in this process.
#![expect(clippy::unwrap_used, reason = "tests; the helpers around them are not marked as such")]

mod request;
mod concurrency;
mod location_configs;
mod crops;
mod failures;
mod fetching;
mod internet;
mod logs;
mod originals;
mod packs;
mod images;
mod rejections;
mod service;
mod uploads;
