#![doc = include_str!("../README.md")]

mod account;
mod api_error;
mod cache;
mod clock;
mod conditional;
mod config;
mod control;
mod control_plane;
mod delivery;
mod deployed;
mod distribution;
mod distributions;
mod emulator;
mod faults;
mod origin;
mod propagation;
mod quotas;
mod responses;
mod server;
mod split_mix;
mod viewer;

pub use clock::{Clock, VirtualClock};
pub use config::EmulatorConfig;
pub use control_plane::{Accepted, ControlPlane, Rejection};
pub use distribution::{Access, CustomHeader, Distribution, Origin, QueryStrings, ResponseHeaders, Ttl};
pub use distributions::Distributions;
pub use faults::{FaultCounts, FaultPlan, Faults};
pub use propagation::{EDGE_LOCATIONS, Propagation};
pub use quotas::{CallRate, Quotas};
pub use responses::{ResponseCounts, Responses};
pub use server::{RunningEmulator, StartError, start};
pub use split_mix::draw;
