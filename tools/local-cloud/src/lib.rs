#![doc = include_str!("../README.md")]

pub mod admin;
pub mod cause;
pub mod cdk;
pub mod certificate;
pub mod checkout;
pub mod clients;
pub mod environment;
pub mod expectation;
pub mod image_server;
pub mod imagecache;
pub mod log_file;
pub mod loopback_server;
pub mod management;
pub mod ministack;
pub mod observer;
pub mod oidc;
pub mod outputs;
pub mod process_group;
pub mod progress;
pub mod report;
pub mod root_call;
pub mod run_dir;
pub mod session;
pub mod test_image;
pub mod timeline;
pub mod viewer;

mod cloud;
mod grants;

pub use cloud::{LocalCloud, PLATFORM_AUDIENCE, Parts, Tenant, propagation, viewer_domain};
