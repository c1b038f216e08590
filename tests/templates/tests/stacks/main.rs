//! The stacks that the CDK's command line synthesises, for the environments of the repository and for edited ones.
//!
//! A new permission or a renamed table has to be listed here before it can be deployed.

#![expect(clippy::unwrap_used, reason = "a test")]

mod environments;
mod events;
mod policy;
mod stack;
mod synthesis;

mod admin_api;
mod alarms;
mod changes;
mod command_line;
mod data;
mod distribution;
mod existing;
mod handlers;
mod invalidation;
mod lint;
mod longest;
mod multi_tenant;
mod nag;
mod options;
mod permissions;
mod quotas;
mod recovery;
mod references;
mod snapshots;
mod tenants;
