//! Tests of the management API: the handler over the real SDK, with DynamoDB and S3 in this process.
#![expect(clippy::unwrap_used, reason = "tests; the helpers around them are not marked as such")]

mod concurrency;
mod crops;
mod failures;
mod fetched_responses;
mod fetching;
mod images;
mod internet;
mod location_configs;
mod logs;
mod originals;
mod packs;
mod rejections;
mod request;
mod response_bodies;
mod service;
mod uploads;
