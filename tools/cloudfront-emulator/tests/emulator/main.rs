//! Tests of a running emulator: viewers use HTTP, API callers the AWS SDK; the origin is a server on loopback. The
//! tests advance the clock instead of sleeping.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod authority;
mod caching;
mod conditional;
mod edge_locations;
mod faults;
mod figures;
mod fixture;
mod head;
mod invalidation;
mod origin;
mod origin_failure;
mod quotas;
mod refill_race;
mod rejections;
mod routing;
mod statuses;
mod tenants;
mod virtual_time;
