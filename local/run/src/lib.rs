//! The whole system on one machine: starts the local AWS, the edge and an identity provider on loopback, deploys the
//! real stacks with the real CDK, plays the scenario and cleans up.

pub mod admin;
pub mod cdk;
pub mod checkout;
pub mod clients;
pub mod editor;
pub mod environment;
pub mod invitation;
pub mod local_cloud;
pub mod log_file;
pub mod ministack;
pub mod observer;
pub mod oidc;
pub mod outputs;
pub mod picture;
pub mod process_group;
pub mod progress;
pub mod report;
pub mod run_dir;
pub mod scenario;
pub mod timeline;
pub mod viewer;
