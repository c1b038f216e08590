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
mod rounds;
pub mod state;
mod steps;
pub mod waker;
pub mod worker;
