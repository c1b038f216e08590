//! Inspects originals ([`inspect`]) and renders variants of them ([`render()`]), without I/O.

mod alpha;
mod decoding;
mod encoding;
mod fallback;
mod geometry;
mod inspection;
mod orientation;
mod reduction;
mod render;
mod scaling;
mod webp_container;

pub use encoding::EncodeError;
pub use geometry::{Frame, frame};
pub use inspection::{DamageError, Format, Inspected, InvalidImageError, ORIGINAL_PIXELS_MAX, inspect};
pub use render::{RenderError, Rendered, render};
