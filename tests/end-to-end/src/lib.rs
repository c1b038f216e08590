//! The end-to-end tests' parts: the scenario, forbidden calls, the console in a browser, faults, and an existing
//! installation.

pub mod browser;
pub mod existing_installation;
pub mod faults;
mod figures;
pub mod permissions;
pub mod scenario;
