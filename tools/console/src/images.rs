//! The images of the latest looks, by content, so that the page shows the bytes that belong to the headers.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;

/// The number of kept images. A page fetches an image in the second after the look; several pages may be open.
const KEPT: usize = 64;

/// One image.
#[derive(Debug, Clone)]
pub(super) struct KeptImage {
    pub(super) id: String,
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

/// The latest images.
#[derive(Debug, Default)]
pub(super) struct Images(Mutex<VecDeque<KeptImage>>);

impl Images {
    /// Keeps an image, once for the same content, and returns its id.
    pub(super) fn keep(&self, media_type: &str, bytes: Bytes) -> String {
        let mut hasher = DefaultHasher::new();
        (media_type, &bytes).hash(&mut hasher);
        let id = format!("{:016x}", hasher.finish());
        // A panic elsewhere leaves whole images.
        let mut images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        images.retain(|image| image.id != id);
        images.push_front(KeptImage { id: id.clone(), media_type: media_type.to_owned(), bytes });
        images.truncate(KEPT);
        id
    }

    /// A kept image.
    pub(super) fn get(&self, id: &str) -> Option<KeptImage> {
        let images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        images.iter().find(|image| image.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_images_are_kept_and_a_repeated_image_counts_as_new() {
        let images = Images::default();
        let keep = |number: usize| images.keep("image/png", number.to_string().into());
        let watched = keep(0);
        let forgotten = keep(1);
        for number in 2..=KEPT {
            keep(number);
            assert_eq!(keep(0), watched, "the same image has the same name");
        }
        assert_eq!(images.get(&watched).map(|image| image.bytes), Some("0".into()));
        assert!(images.get(&forgotten).is_none());
    }
}
