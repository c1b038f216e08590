//! The pictures of the latest looks, by what they contain: the page shows exactly the bytes whose headers it shows.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;

/// How many pictures are kept. A page fetches a picture in the second after the look; several pages may be open.
const KEPT: usize = 64;

/// One picture.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    /// Names the content.
    pub(super) id: String,
    /// Its media type.
    pub(super) media_type: String,
    /// The encoded picture.
    pub(super) bytes: Bytes,
}

/// The latest pictures.
#[derive(Debug, Default)]
pub(super) struct Pictures(Mutex<VecDeque<Picture>>);

impl Pictures {
    /// Keeps a picture, once for the same content, and names it.
    pub(super) fn keep(&self, media_type: &str, bytes: Bytes) -> String {
        let mut hasher = DefaultHasher::new();
        (media_type, &bytes).hash(&mut hasher);
        let id = format!("{:016x}", hasher.finish());
        // A panic elsewhere leaves whole pictures behind.
        let mut pictures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.retain(|picture| picture.id != id);
        pictures.push_front(Picture { id: id.clone(), media_type: media_type.to_owned(), bytes });
        pictures.truncate(KEPT);
        id
    }

    /// A picture that was kept lately.
    pub(super) fn get(&self, id: &str) -> Option<Picture> {
        let pictures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pictures.iter().find(|picture| picture.id == id).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_pictures_are_kept_and_what_is_looked_at_again_is_late() {
        let pictures = Pictures::default();
        let keep = |number: usize| pictures.keep("image/png", number.to_string().into());
        let watched = keep(0);
        let forgotten = keep(1);
        for number in 2..=KEPT {
            keep(number);
            assert_eq!(keep(0), watched, "the same picture has the same name");
        }
        assert_eq!(pictures.get(&watched).map(|picture| picture.bytes), Some("0".into()));
        assert!(pictures.get(&forgotten).is_none());
    }
}
