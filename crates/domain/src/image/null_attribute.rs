//! Attributes that are `NULL` in the image-pack table, read as absent.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

/// Reads an attribute that is `NULL` as its default, as where it is absent.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Reads a map without its members that are `NULL`. A map that is `NULL` itself is empty.
pub(crate) fn members<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Ord + Deserialize<'de>,
    V: Deserialize<'de>,
{
    let members: BTreeMap<K, Option<V>> = or_default(deserializer)?;
    Ok(members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect())
}
