//! One file for each place where input enters.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod edge_xml;
mod fetch_urls;
mod image_urls;
mod location_configurations;
mod path_parameters;
mod sort_keys;
mod stream_records;
mod token_claims;
