#![doc = include_str!("../README.md")]

mod cache;
mod clock;
mod config;
mod control;
mod deployed;
mod distribution;
mod distributions;
mod emulator;
mod faults;
mod origin;
mod quotas;
mod rejected_items;
mod server;
mod store;
mod viewer;

pub use clock::Clock;
pub use config::{DEFAULT_PROPAGATION_DELAY, EmulatorConfig};
pub use distribution::{Distribution, Origin, QueryStrings, Ttl};
pub use distributions::Distributions;
pub use faults::{FaultCounts, FaultPlan, Faults};
pub use quotas::Quotas;
pub use rejected_items::RejectedItems;
pub use server::{RunningEmulator, StartError, start};
