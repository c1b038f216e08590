//! Images as viewers see them: packs, URLs, variants.

pub mod image_pack;
pub mod image_url;
pub mod image_place;
pub mod fingerprint;
pub mod variant_key;
