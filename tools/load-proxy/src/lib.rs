#![doc = include_str!("../README.md")]

mod answer;
mod call;
mod faults;
mod ongoing;
mod plan;
mod proxy;

pub use faults::{LoadCounts, LoadFaults};
pub use plan::LoadPlan;
pub use proxy::serve;
