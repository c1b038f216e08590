//! What a variant was made from, as one short text: equal texts, equal sources.

use sha2::{Digest, Sha256};

use crate::image::image_pack::ImageLocation;

/// How much of the hash is kept, in bytes: enough that two revisions of one picture never share a text by accident.
const KEPT_BYTES: usize = 8;

/// Names the revision of one picture: its original's version, its crop, and how often its location was forced. The
/// location's size is not part of it: a configuration saved without force leaves the variants that exist as they are.
///
/// image-processing writes it on every variant; compared with the pack's own it says whether what a viewer sees is
/// stale.
#[must_use]
pub fn picture_revision(picture: &ImageLocation, forced_revision: u64) -> String {
    let original = &picture.original;
    let crop = picture.crop.map(|crop| [crop.x, crop.y, crop.width, crop.height]);
    let mut hash = Sha256::new();
    for part in [original.key.as_str(), &original.version, &format!("{crop:?}"), &forced_revision.to_string()] {
        hash.update(part);
        hash.update([0]);
    }
    hex::encode(&hash.finalize()[..KEPT_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::image_pack::{Crop, Original};

    fn revision(key: &str, version: &str, crop: Option<u32>, forced_revision: u64) -> String {
        let original = Original { key: key.to_owned(), version: version.to_owned() };
        let crop = crop.map(|x| Crop { x, y: 0, width: 10, height: 10 });
        picture_revision(&ImageLocation { original, crop }, forced_revision)
    }

    #[test]
    fn it_changes_with_whatever_a_viewer_could_see_and_is_stable_otherwise() {
        let first = revision("k", "v1", None, 0);
        assert_eq!(first, revision("k", "v1", None, 0));
        assert_eq!(first.len(), 16);
        for (difference, other) in [
            ("another original", revision("k2", "v1", None, 0)),
            ("another version", revision("k", "v2", None, 0)),
            ("a crop", revision("k", "v1", Some(0), 0)),
            ("forced", revision("k", "v1", None, 1)),
            ("key and version apart", revision("kv", "1", None, 0)),
        ] {
            assert_ne!(first, other, "{difference}");
        }
        assert_ne!(revision("k", "v1", Some(0), 0), revision("k", "v1", Some(1), 0), "a crop moved");
    }
}
