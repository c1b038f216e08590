//! The handlers as they are deployed, over a simulated world, seed by seed.
//!
//! A seed decides everything: the duration of calls, calls that fail before or after they took effect, crashes of
//! functions, and the requests of editors, admins and viewers. Time is virtual. The code is production's, from each
//! function's `Handler` on; only the ports and the services behind them are simulated, in `lambda` and `services`.
//! `checker` checks the promise.
//!
//! `make simulate SEED=n` replays a seed and prints all that happened; `make simulate SEEDS=n` plays that many seeds.
#![expect(clippy::expect_used, reason = "for tests: what cannot be is a bug of the simulation and ends it")]

mod actors;
mod chance;
mod checker;
mod episode;
mod fault;
mod kinds;
mod lambda;
mod mutation;
mod outage;
mod schedule;
mod seeds;
mod services;
mod setup;
mod situation;
mod world;

pub use checker::Violation;
pub use episode::{Outcome, play, replay};
pub use fault::Fault;
pub use mutation::Mutation;
pub use seeds::{Sum, play_all};
pub use situation::Situation;
