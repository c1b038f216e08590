//! The handlers over a simulated world, seed by seed.
