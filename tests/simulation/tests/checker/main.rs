//! The promise under a storm of faults: thousands of seeds have no violation, and every mutation has one.

mod dependencies;
mod mutation;
mod regressions;
mod seeds;
