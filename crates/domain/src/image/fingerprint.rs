//! The fingerprint of a variant: a hash of its inputs. Equal fingerprints mean equal inputs.

use sha2::{Digest, Sha256};

use crate::image::image_pack::{Crop, ImageLocation, LocationConfig, Original};

/// The kept part of the hash, in bytes: enough that two fingerprints of one image are never equal by accident.
const KEPT_BYTES: usize = 8;

/// The fingerprint of an image: a hash of its original's version, its crop and the generation of its location. The
/// location's size is not part of it: a configuration saved without force leaves the variants that exist as they are.
///
/// It is the last part of the variant's key, so that a variant under the key of the current fingerprint is current.
#[must_use]
pub fn fingerprint(image: &ImageLocation, config: &LocationConfig) -> String {
    // Without `..`, here and below: a new field does not compile until it is decided whether it is part of the hash.
    let ImageLocation { original: Original { key, version }, crop } = image;
    let LocationConfig { generation, width: _, height: _, fit: _, format: _, quality: _, revision: _ } = config;
    let crop = crop.map(|Crop { x, y, width, height }| [x, y, width, height]);
    hash_of(&[key, version, &format!("{crop:?}"), &generation.to_string()])
}

/// The identity of a rendering: a hash of everything that its result depends on. Unlike the fingerprint, it also changes
/// with a configuration that is saved without force.
///
/// image-processing stores under it that a rendering is impossible, so that the next requests do not try it again.
#[must_use]
pub fn rendering_id(image: &ImageLocation, config: &LocationConfig) -> String {
    let LocationConfig { generation: _, width, height, fit, format, quality, revision: _ } = config;
    let rest = format!("{width} {height} {fit:?} {format:?} {}", quality.get());
    hash_of(&[&fingerprint(image, config), &rest])
}

fn hash_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..KEPT_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::image_pack::{Fit, VariantFormat};

    fn fingerprint_of(key: &str, version: &str, crop: Option<u32>, generation: u64) -> String {
        let original = Original { key: key.to_owned(), version: version.to_owned() };
        let crop = crop.map(|x| Crop { x, y: 0, width: 10, height: 10 });
        fingerprint(&ImageLocation { original, crop }, &LocationConfig { generation, ..LocationConfig::default() })
    }

    /// Other values here would make every stored variant unknown, so that each is rendered again.
    #[test]
    fn the_fingerprint_of_known_inputs_never_changes() {
        let original = || Original { key: "acme/p1/main/1".to_owned(), version: "v1".to_owned() };
        let crop = Crop { x: 1, y: 2, width: 30, height: 40 };
        for (crop, generation, expected) in [(None, 0, "61a5bda44a840454"), (Some(crop), 7, "2f8082a57c67039b")] {
            let config = LocationConfig { generation, ..LocationConfig::default() };
            assert_eq!(fingerprint(&ImageLocation { original: original(), crop }, &config), expected);
        }
    }

    #[test]
    fn a_config_without_a_new_generation_leaves_the_fingerprint_as_it_is() {
        let original = Original { key: "k".to_owned(), version: "v".to_owned() };
        let image = ImageLocation { original, crop: None };
        let other = LocationConfig { width: 1, height: 1, revision: 9, ..LocationConfig::default() };
        assert_eq!(fingerprint(&image, &other), fingerprint(&image, &LocationConfig::default()));
    }

    #[test]
    fn the_fingerprint_changes_with_each_visible_attribute_and_is_stable_otherwise() {
        let first = fingerprint_of("k", "v1", None, 0);
        assert_eq!(first, fingerprint_of("k", "v1", None, 0));
        assert_eq!(first.len(), 16);
        for (difference, other) in [
            ("another original", fingerprint_of("k2", "v1", None, 0)),
            ("another version", fingerprint_of("k", "v2", None, 0)),
            ("a crop", fingerprint_of("k", "v1", Some(0), 0)),
            ("forced", fingerprint_of("k", "v1", None, 1)),
            ("key and version apart", fingerprint_of("kv", "1", None, 0)),
        ] {
            assert_ne!(first, other, "{difference}");
        }
        assert_ne!(fingerprint_of("k", "v1", Some(0), 0), fingerprint_of("k", "v1", Some(1), 0), "a crop moved");
    }

    #[test]
    fn a_renderings_id_changes_with_everything_that_its_result_depends_on() {
        let image = |version: &str, crop| ImageLocation {
            original: Original { key: "k".to_owned(), version: version.to_owned() },
            crop,
        };
        let config = LocationConfig::default();
        let first = rendering_id(&image("v", None), &config);
        assert_eq!(first, rendering_id(&image("v", None), &LocationConfig { revision: 9, ..config }));
        let crop = Crop { x: 0, y: 0, width: 1, height: 1 };
        for (difference, other) in [
            ("another version", rendering_id(&image("v2", None), &config)),
            ("a crop", rendering_id(&image("v", Some(crop)), &config)),
            ("forced", rendering_id(&image("v", None), &LocationConfig { generation: 1, ..config })),
            ("width", rendering_id(&image("v", None), &LocationConfig { width: 1, ..config })),
            ("height", rendering_id(&image("v", None), &LocationConfig { height: 1, ..config })),
            ("fit", rendering_id(&image("v", None), &LocationConfig { fit: Fit::Fill, ..config })),
            ("format", rendering_id(&image("v", None), &LocationConfig { format: VariantFormat::Png, ..config })),
            ("quality", rendering_id(&image("v", None), &LocationConfig { quality: 1.try_into().unwrap(), ..config })),
        ] {
            assert_ne!(first, other, "{difference}");
        }
    }
}
