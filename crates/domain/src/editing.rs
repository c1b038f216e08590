//! Edits of packs and of location configurations.

pub mod location_config;
pub mod managed_pack;
pub mod pack_description;
pub mod pack_edit;
