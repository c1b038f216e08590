//! Images as viewers see them: packs, URLs, variants.

pub mod fingerprint;
pub mod image_pack;
pub mod image_place;
pub mod image_url;
pub mod variant_key;
