//! Originals in, variants out, without I/O.

mod inspection;

pub use inspection::{Format, Inspected, InvalidPicture, ORIGINAL_PIXELS_MAX, inspect};
