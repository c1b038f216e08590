//! Change detection: the writes that change the images that viewers see.

pub mod attribute_value;
pub mod detection;
pub mod item_key;
