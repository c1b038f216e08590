//! Images as viewers see them: packs, URLs, variants.

pub mod image_pack;
pub mod image_url;
pub mod picture_place;
pub mod picture_revision;
pub mod variant_key;
