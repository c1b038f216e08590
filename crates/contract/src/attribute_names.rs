//! The names of the image-pack table's attributes. A table that existed before this project may use other names.

use serde::{Deserialize, Serialize};

use crate::json_text::json_text;

/// The names, in the table, of the attributes that the pipeline reads and the management API writes. The code uses the
/// canonical names, those of [`AttributeNames::default`]; items are translated where they are read and written.
///
/// Variables and parameters hold the names as JSON in camel case; an environment's file writes the keys in snake case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AttributeNames {
    /// Partition key: the tenant.
    pub tenant: String,
    /// Sort key: `pack#<imagePackId>` or `location#<name>`.
    pub entity: String,
    /// The images of a pack, by location.
    #[serde(alias = "image_locations")]
    pub image_locations: String,
    /// The location that a URL without `location` selects.
    #[serde(alias = "main_image_location")]
    pub main_image_location: String,
    /// Counter of a location's configuration that saving with `force=true` increments.
    pub generation: String,
    /// Counter of optimistic concurrency; every write of the management API increments it.
    pub revision: String,
    /// Time of the management API's last write, in milliseconds since 1970.
    #[serde(alias = "updated_at")]
    pub updated_at: String,
    /// Subject of the token of that write.
    #[serde(alias = "updated_by")]
    pub updated_by: String,
    /// Id, in the editors' own system, of the asset that the pack belongs to.
    #[serde(alias = "asset_id")]
    pub asset_id: String,
    /// Title of a pack.
    pub title: String,
}

impl Default for AttributeNames {
    fn default() -> Self {
        Self {
            tenant: "tenant".to_owned(),
            entity: "entity".to_owned(),
            image_locations: "imageLocations".to_owned(),
            main_image_location: "mainImageLocation".to_owned(),
            generation: "generation".to_owned(),
            revision: "revision".to_owned(),
            updated_at: "updatedAt".to_owned(),
            updated_by: "updatedBy".to_owned(),
            asset_id: "assetId".to_owned(),
            title: "title".to_owned(),
        }
    }
}

impl AttributeNames {
    /// The canonical names, each with its name in the table.
    #[must_use]
    pub fn pairs(&self) -> [(&'static str, &str); 10] {
        // A new field does not compile here until it has its pair.
        let Self {
            tenant,
            entity,
            image_locations,
            main_image_location,
            generation,
            revision,
            updated_at,
            updated_by,
            asset_id,
            title,
        } = self;
        [
            ("tenant", tenant),
            ("entity", entity),
            ("imageLocations", image_locations),
            ("mainImageLocation", main_image_location),
            ("generation", generation),
            ("revision", revision),
            ("updatedAt", updated_at),
            ("updatedBy", updated_by),
            ("assetId", asset_id),
            ("title", title),
        ]
    }

    /// The canonical name of the table's attribute `name`. An attribute that this type does not list keeps its name.
    /// `None`: the table uses a canonical name for another purpose, and the attribute is ignored.
    #[must_use]
    pub fn canonical<'a>(&self, name: &'a str) -> Option<&'a str>
    where
        'static: 'a,
    {
        let pairs = self.pairs();
        match pairs.iter().find(|(_, in_table)| *in_table == name) {
            Some((canonical, _)) => Some(canonical),
            None if pairs.iter().any(|(canonical, _)| *canonical == name) => None,
            None => Some(name),
        }
    }

    /// The table's name of the attribute whose canonical name is `canonical`. An attribute that this type does not list
    /// keeps its name.
    #[must_use]
    pub fn in_table<'a>(&'a self, canonical: &'a str) -> &'a str {
        self.pairs().iter().find(|(name, _)| *name == canonical).map_or(canonical, |(_, in_table)| in_table)
    }

    /// Renames the attributes of `item` to their canonical names.
    #[must_use]
    pub fn to_canonical<V, M>(&self, item: M) -> M
    where
        M: IntoIterator<Item = (String, V)> + FromIterator<(String, V)>,
    {
        item.into_iter().filter_map(|(name, value)| Some((self.canonical(&name)?.to_owned(), value))).collect()
    }
}

// An attribute that the text leaves out has its canonical name.
json_text!(AttributeNames);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn names() -> AttributeNames {
        r#"{"tenant": "customer", "entity": "record", "imageLocations": "images"}"#.parse().unwrap()
    }

    #[test]
    fn a_name_is_translated_in_both_directions_and_an_unknown_one_is_left_alone() {
        for (in_table, canonical) in [
            ("customer", "tenant"),
            ("record", "entity"),
            ("images", "imageLocations"),
            ("mainImageLocation", "mainImageLocation"),
            ("title", "title"),
        ] {
            assert_eq!(names().canonical(in_table), Some(canonical));
            assert_eq!(names().in_table(canonical), in_table);
        }
    }

    #[test]
    fn a_canonical_name_that_the_table_uses_for_something_else_is_left_out() {
        let item =
            BTreeMap::from([("record", 1), ("entity", 2), ("title", 3)].map(|(name, value)| (name.to_owned(), value)));
        let expected = BTreeMap::from([("entity", 1), ("title", 3)].map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(names().to_canonical(item), expected);
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        assert_eq!(names().to_string().parse::<AttributeNames>().unwrap(), names());
        let snake = r#"{"image_locations": "images", "tenant": "customer", "entity": "record"}"#;
        assert_eq!(snake.parse::<AttributeNames>().unwrap(), names());
    }

    #[test]
    fn a_name_of_nothing_is_rejected() {
        let error = r#"{"tennant": "customer"}"#.parse::<AttributeNames>().unwrap_err().to_string();
        assert!(error.contains("tennant"), "{error}");
    }
}
