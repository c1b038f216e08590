//! The emulator from outside: viewers over HTTP, the invalidation API through the real SDK, and a real origin on
//! loopback. The clock is moved by the tests; nothing sleeps until something expires.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod authority;
mod caching;
mod faults;
mod fixture;
mod invalidation;
mod origin;
mod refill_race;
mod rejections;
mod routing;
