//! The handlers as they are deployed, over a simulated world, seed by seed.
//!
//! Everything that happens is drawn from a seed: how long calls take, which of them fail before or after they took
//! effect, which function dies where, what editors, admins and viewers do. Time is virtual. The code that runs is
//! production's, from each function's `Handler` on; only what it reaches the world through is simulated,
//! in `lambda` and `services`. `checker` watches from outside.
//!
//! `make simulate SEED=n` replays a seed and prints all that happened.
#![expect(clippy::expect_used, reason = "for tests: what cannot be is a bug of the simulation and ends it")]

mod actors;
mod chance;
mod checker;
mod episode;
mod lambda;
mod mutation;
mod schedule;
mod services;
mod setup;
mod world;

pub use checker::Violation;
pub use episode::{Outcome, play, replay};
pub use mutation::Mutation;
