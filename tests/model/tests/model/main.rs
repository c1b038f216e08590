//! The protocol under every order of events within stated bounds, and what goes wrong without each of its rules.

mod figures;
mod finite;
mod mutations;
mod sound;
