#![doc = include_str!("../README.md")]

mod api_error;
mod cache;
mod config;
mod control;
mod deployed;
mod distribution;
mod distributions;
mod emulator;
mod faults;
mod origin;
mod server;
mod viewer;

pub use config::{Clock, EmulatorConfig, Quotas};
pub use distribution::{Distribution, Origin, QueryStrings, Ttl};
pub use distributions::Distributions;
pub use faults::{FaultCounts, FaultPlan, Faults};
pub use server::{RunningEmulator, StartError, start};
