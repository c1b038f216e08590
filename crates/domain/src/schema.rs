//! Schemas of texts and numbers that have a rule. `docs/openapi.json` is generated from the types of requests and
//! responses; these schemas say more than the types.

use std::ops::RangeInclusive;

use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};

use crate::identifier::{ImagePackId, LocationName};

/// A text that matches `pattern`.
#[must_use]
pub fn text(pattern: &str) -> Object {
    ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build()
}

/// A text of at most `chars_max` characters.
#[must_use]
pub fn short_text(chars_max: usize) -> Object {
    ObjectBuilder::new().schema_type(Type::String).max_length(Some(chars_max)).build()
}

/// A whole number.
#[must_use]
pub fn number(range: RangeInclusive<u32>) -> Object {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    number.minimum(Some(*range.start())).maximum(Some(*range.end())).build()
}

/// The id of an image pack, or `null`.
pub(crate) fn nullable_image_pack_id() -> Object {
    nullable(text(ImagePackId::PATTERN))
}

/// The name of an image location, or `null`.
pub(crate) fn nullable_location_name() -> Object {
    nullable(text(LocationName::PATTERN))
}

fn nullable(text: Object) -> Object {
    ObjectBuilder::from(text).schema_type(SchemaType::from_iter([Type::String, Type::Null])).build()
}
