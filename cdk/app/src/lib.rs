//! The topology: one CDK stage per environment, with a data stack, a pipeline stack, edge stacks, one stack per tenant, and
//! in us-east-1 a stack of the firewall and one of CloudFront's alarm, if they are configured.
//!
//! - `config`: the environments' files
//! - `binaries`: the build of the handlers, which the synthesis takes as assets
//! - `stacks`: what each stack holds, nodes in the order in which data flows, then the edges
//! - `functions`: one file for each Lambda function, with its variables, grants and alarms
//! - `api`: the HTTP API of admins and editors
//! - `alarms`: the mechanism of alarms
//! - `dashboard`: the dashboard, and the functions' own metrics
//! - `logs`: log groups and their retention
//! - `nag`: the rules that the templates are checked for
//!
//! Everything that the functions' code must agree with comes from the crate `contract`. The path of a construct decides
//! its logical id, so renaming one replaces the resource; `tests/templates` holds the logical ids of every resource that
//! keeps data.

pub mod config;

mod alarms;
mod api;
mod binaries;
mod dashboard;
mod functions;
mod logs;
mod nag;
mod stacks;

pub use binaries::{BuildError, build};
pub use nag::{check_rules, new_app};
pub use stacks::{ApplicationError, check_account, declare};
