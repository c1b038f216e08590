//! The standard compliance suite of aws/jsii: one test for each case that applies to Rust, with the case's name.
//! `report` compares them with the list of the cases and with `docs/jsii-compliance.md`.
#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "tests of exact numbers")]

mod any_values;
mod asynchronous;
mod calculator;
mod cases;
mod collections;
mod interfaces;
mod names;
mod overrides;
mod privacy;
mod report;
mod statics;
mod structures;
mod subclasses;
mod unions;
