//! The description of a pack: its attributes apart from its images.

use serde::{Deserialize, Deserializer};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::identifier::{ImagePackId, LocationName};
use crate::schema;

/// The error of a text that is too long.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} has {length} characters: allowed are at most {length_max}")]
pub struct TextTooLongError {
    kind: &'static str,
    length: usize,
    length_max: usize,
}

/// Declares one text: its documentation, its name in errors and its largest number of characters.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $length_max:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The text as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextTooLongError;

            fn try_from(text: String) -> Result<Self, TextTooLongError> {
                match text.chars().count() {
                    0..=$length_max => Ok(Self(text)),
                    length => Err(TextTooLongError { kind: $kind, length, length_max: $length_max }),
                }
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                schema::short_text($length_max).into()
            }
        }

        impl ToSchema for $name {}
    };
}

text!(
    /// The asset that a pack belongs to, in a system of its editors: at most 128 characters.
    AssetId,
    "assetId",
    128
);

text!(
    /// The title of a pack: at most 512 characters.
    Title,
    "title",
    512
);

/// A pack to be created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPack {
    /// Its id. If absent, the management API generates one.
    #[schema(schema_with = schema::nullable_image_pack_id)]
    pub image_pack_id: Option<ImagePackId>,
    /// The asset that it belongs to.
    pub asset_id: Option<AssetId>,
    /// Its title.
    pub title: Option<Title>,
}

/// A change of the description of a pack (JSON Merge Patch, RFC 7396): an absent attribute is kept, `null` removes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PackDescription {
    /// The asset that the pack belongs to.
    #[serde(default)]
    #[schema(value_type = Option<AssetId>)]
    pub asset_id: Patch<AssetId>,
    /// Its title.
    #[serde(default)]
    #[schema(value_type = Option<Title>)]
    pub title: Patch<Title>,
    /// The location that a URL without `location` means.
    #[serde(default)]
    #[schema(schema_with = schema::nullable_location_name)]
    pub main_image_location: Patch<LocationName>,
}

/// The change of one attribute.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// Keep the attribute.
    #[default]
    Keep,
    /// Remove the attribute.
    Remove,
    /// Set the attribute to this value.
    Set(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Remove, Self::Set))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_attribute_is_kept_and_null_removes_it() {
        let description: PackDescription = serde_json::from_str(r#"{"title": null, "assetId": "a1"}"#).unwrap();
        assert_eq!(description.title, Patch::Remove);
        assert_eq!(description.asset_id, Patch::Set(AssetId("a1".to_owned())));
        assert_eq!(description.main_image_location, Patch::Keep);
    }

    #[test]
    fn the_error_of_an_invalid_description_names_the_attribute_and_its_rule() {
        let long = "é".repeat(129);
        for (json, expected) in [
            (r#"{"titel": "x"}"#.to_owned(), "unknown field `titel`, expected one of `assetId`, `title`, `mainImage"),
            (r#"{"mainImageLocation": "a/b"}"#.to_owned(), "image location \"a/b\" is not valid: allowed are"),
            (format!(r#"{{"assetId": "{long}"}}"#), "assetId has 129 characters: allowed are at most 128"),
            (r#"{"title": 7}"#.to_owned(), "invalid type: integer `7`, expected a string"),
        ] {
            let error = serde_json::from_str::<PackDescription>(&json).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(serde_json::from_str::<PackDescription>(&format!(r#"{{"assetId": "{}"}}"#, "é".repeat(128))).is_ok());
    }
}
