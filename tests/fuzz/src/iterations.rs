/// How many inputs each target gets where `BOLERO_RANDOM_ITERATIONS` says nothing else: all targets together take a few
/// seconds of a test run. The number is fixed, not the time, so that a slow machine tries as much as a fast one.
pub const ITERATIONS: usize = 10_000;
