#![doc = include_str!("../README.md")]

mod iterations;
mod json;
mod text;

pub use iterations::ITERATIONS;
pub use json::{Mutations, mutated};
pub use text::text;
