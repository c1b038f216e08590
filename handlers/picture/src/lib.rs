//! Originals in, variants out, without I/O.

mod alpha;
mod geometry;
mod inspection;
mod render;

pub use inspection::{Format, Inspected, InvalidPicture, ORIGINAL_PIXELS_MAX, inspect};
pub use render::{CannotRender, Rendered, render};
