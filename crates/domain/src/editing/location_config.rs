//! The configuration of a location as editors send it, and the attributes that saving it writes.

use contract::limits::VARIANT_SIDE_MAX_PX;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::editing::pack_edit::Assignment;
use crate::image::image_pack::{Fit, LocationConfig, Quality, VariantFormat};
use crate::schema;

/// The width or height of a variant, from 1 to [`VARIANT_SIDE_MAX_PX`] pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub struct VariantSide(u32);

/// The error of a number outside its range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{number} is not valid: allowed are 1 to {max} {unit}")]
pub struct OutOfRangeError {
    number: i64,
    max: u32,
    unit: &'static str,
}

impl TryFrom<i64> for VariantSide {
    type Error = OutOfRangeError;

    fn try_from(number: i64) -> Result<Self, OutOfRangeError> {
        match u32::try_from(number) {
            Ok(pixels @ 1..=VARIANT_SIDE_MAX_PX) => Ok(Self(pixels)),
            _ => Err(OutOfRangeError { number, max: VARIANT_SIDE_MAX_PX, unit: "pixels" }),
        }
    }
}

impl PartialSchema for VariantSide {
    fn schema() -> RefOr<Schema> {
        schema::number(1..=VARIANT_SIDE_MAX_PX).into()
    }
}

impl ToSchema for VariantSide {}

/// The configuration of a location as editors send it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LocationConfigRequest {
    /// Width of the variant in pixels.
    width: VariantSide,
    /// Height of the variant in pixels.
    height: VariantSide,
    /// The treatment of an original with other proportions: `cover` by default.
    #[serde(default)]
    fit: Fit,
    /// The encoding of variants: `auto` by default.
    #[serde(default)]
    format: VariantFormat,
    /// The quality of lossy variants: 85 by default.
    #[serde(default, deserialize_with = "quality")]
    quality: Quality,
}

fn quality<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Quality, D::Error> {
    let number = i64::deserialize(deserializer)?;
    let quality = u8::try_from(number).ok().and_then(|number| Quality::try_from(number).ok());
    quality.ok_or_else(|| serde::de::Error::custom(OutOfRangeError { number, max: 100, unit: "for quality" }))
}

/// The error of a request that saves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// The request has neither a config nor force.
    #[error("there is nothing to save: send width and height, or purge the saved configuration with ?force=true")]
    Nothing,
    /// The request has force only, and no config is saved.
    #[error("there is no saved configuration to force: send width and height")]
    NothingSaved,
}

/// The attributes to write when `config` is saved over `saved`. Without force the generation stays as it is, so the
/// write is not meaningful; with force it grows by one.
pub fn save(
    saved: Option<&LocationConfig>,
    config: Option<&LocationConfigRequest>,
    force: bool,
) -> Result<Vec<Assignment>, SaveError> {
    let mut assignments = Vec::new();
    match (config, saved, force) {
        (Some(config), _, _) => assignments.extend(config.assignments()),
        (None, Some(_), true) => {}
        (None, None, true) => return Err(SaveError::NothingSaved),
        (None, _, false) => return Err(SaveError::Nothing),
    }
    if force {
        let generation = saved.map_or(0, |saved| saved.generation).saturating_add(1);
        assignments.push(Assignment::set(["generation"], json!(generation)));
    }
    Ok(assignments)
}

impl LocationConfigRequest {
    fn assignments(self) -> [Assignment; 5] {
        let attributes: [(&str, Value); 5] = [
            ("width", json!(self.width.0)),
            ("height", json!(self.height.0)),
            ("fit", json!(self.fit)),
            ("format", json!(self.format)),
            ("quality", json!(self.quality.get())),
        ];
        attributes.map(|(name, value)| Assignment::set([name], value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: Value) -> Result<LocationConfigRequest, String> {
        serde_json::from_value(json).map_err(|error| error.to_string())
    }

    /// Expects a save to write these attributes.
    fn check(saved: Option<u64>, sent: Option<Value>, force: bool, expected: &Result<Value, SaveError>) {
        let saved = saved.map(|generation| LocationConfig { generation, ..LocationConfig::default() });
        let sent = sent.map(|sent| config(sent).unwrap());
        let written = save(saved.as_ref(), sent.as_ref(), force).map(|assignments| {
            let attributes = assignments.into_iter().map(|assignment| {
                let (path, value) = assignment.into_parts();
                (path.join("."), value.expect("nothing is removed"))
            });
            Value::Object(attributes.collect())
        });
        assert_eq!(&written, expected);
    }

    #[test]
    fn a_config_is_saved_and_force_shows_in_the_generation() {
        let sent = || Some(json!({"width": 640, "height": 360}));
        let saved = json!({"width": 640, "height": 360, "fit": "cover", "format": "auto", "quality": 85});
        let forced = |generation: u64| {
            let mut saved = saved.clone();
            saved["generation"] = json!(generation);
            saved
        };
        check(None, sent(), false, &Ok(saved.clone()));
        check(Some(3), sent(), false, &Ok(saved.clone()));
        check(None, sent(), true, &Ok(forced(1)));
        check(Some(3), sent(), true, &Ok(forced(4)));
        check(Some(3), None, true, &Ok(json!({"generation": 4})));
        check(None, None, true, &Err(SaveError::NothingSaved));
        check(Some(3), None, false, &Err(SaveError::Nothing));
        check(None, None, false, &Err(SaveError::Nothing));
    }

    #[test]
    fn every_field_of_a_config_has_its_own_limits() {
        for accepted in [
            json!({"width": 1, "height": 4096}),
            json!({"width": 640, "height": 360, "fit": "fit", "format": "webp", "quality": 1}),
            json!({"width": 640, "height": 360, "fit": "fill", "format": "png", "quality": 100}),
        ] {
            assert!(config(accepted.clone()).is_ok(), "{accepted}");
        }
        for (rejected, expected) in [
            (json!({"width": 640}), "missing field `height`"),
            (json!({"width": 0, "height": 1}), "0 is not valid: allowed are 1 to 4096 pixels"),
            (json!({"width": 4097, "height": 1}), "4097 is not valid: allowed are 1 to 4096 pixels"),
            (json!({"width": -1, "height": 1}), "-1 is not valid: allowed are 1 to 4096 pixels"),
            (json!({"width": 1.5, "height": 1}), "invalid type: floating point `1.5`"),
            (json!({"width": 1, "height": 1, "quality": 0}), "0 is not valid: allowed are 1 to 100 for quality"),
            (json!({"width": 1, "height": 1, "quality": 300}), "300 is not valid: allowed are 1 to 100 for quality"),
            (json!({"width": 1, "height": 1, "fit": "crop"}), "expected one of `cover`, `fit`, `fill`"),
            (json!({"width": 1, "height": 1, "format": "avif"}), "expected one of `auto`, `jpeg`, `png`, `webp`"),
            (json!({"width": 1, "height": 1, "generation": 9}), "unknown field `generation`, expected one of"),
        ] {
            let error = config(rejected).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
