//! Change detection: the writes that change what a viewer sees.

pub mod detection;
