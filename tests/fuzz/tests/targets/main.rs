//! One file for each kind of external input.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod emulator_xml;
mod fetch_responses;
mod fetch_urls;
mod image_urls;
mod location_configs;
mod path_parameters;
mod purge_bodies;
mod sort_keys;
mod stream_records;
mod token_claims;
