//! The images of the latest looks, by what they contain: the page shows exactly the bytes whose headers it shows.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;

/// How many images are kept. A page fetches an image in the second after the look; several pages may be open.
const KEPT: usize = 64;

/// One image.
#[derive(Debug, Clone)]
pub(super) struct KeptImage {
    /// Names the content.
    pub(super) id: String,
    /// Its media type.
    pub(super) media_type: String,
    /// The encoded image.
    pub(super) bytes: Bytes,
}

/// The latest images.
#[derive(Debug, Default)]
pub(super) struct Images(Mutex<VecDeque<KeptImage>>);

impl Images {
    /// Keeps an image, once for the same content, and names it.
    pub(super) fn keep(&self, media_type: &str, bytes: Bytes) -> String {
        let mut hasher = DefaultHasher::new();
        (media_type, &bytes).hash(&mut hasher);
        let id = format!("{:016x}", hasher.finish());
        // A panic elsewhere leaves whole images behind.
        let mut images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        images.retain(|image| image.id != id);
        images.push_front(KeptImage { id: id.clone(), media_type: media_type.to_owned(), bytes });
        images.truncate(KEPT);
        id
    }

    /// An image that was kept lately.
    pub(super) fn get(&self, id: &str) -> Option<KeptImage> {
        let images = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        images.iter().find(|image| image.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_images_are_kept_and_what_is_looked_at_again_is_late() {
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
