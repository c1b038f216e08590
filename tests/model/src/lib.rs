#![doc = include_str!("../README.md")]

pub mod action;
pub mod cloudfront;
pub mod config;
pub mod copies;
pub mod model;
pub mod mutation;
pub mod properties;
pub mod queue;
pub mod request;
pub mod state;
mod steps;
pub mod worker;
