/// The number of inputs of each target, unless `BOLERO_RANDOM_ITERATIONS` sets another. All targets together take a few
/// seconds. The number is fixed, not the time, so that a slow machine runs as many inputs as a fast one.
pub const ITERATIONS: usize = 10_000;
