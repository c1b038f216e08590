//! The promise under a storm of faults: thousands of seeds keep it, and planted bugs break it.

mod planted;
mod regressions;
mod seeds;
