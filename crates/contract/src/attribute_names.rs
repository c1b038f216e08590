//! What the attributes of the image-pack table are called. A table that existed before may call them otherwise.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The names, in the table, of the attributes that the pipeline reads and the management API writes. The code knows them by the names of
/// [`AttributeNames::default`], the canonical ones; names are translated where items come in and go out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct AttributeNames {
    /// The partition key: whose item.
    pub tenant: String,
    /// The sort key: `pack#<imagePackId>` or `location#<name>`.
    pub entity: String,
    /// A pack's images by location.
    pub image_locations: String,
    /// The location that a URL without `location` means.
    pub main_image_location: String,
    /// The counter of a location's configuration that saving with force increments.
    pub generation: String,
    /// Grows with every write of the management API.
    pub revision: String,
    /// When the management API last wrote, in milliseconds since 1970.
    pub updated_at: String,
    /// Who wrote then.
    pub updated_by: String,
    /// What a pack belongs to, in a system of its editors.
    pub asset_id: String,
    /// What people call a pack.
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
    fn pairs(&self) -> [(&'static str, &str); 10] {
        [
            ("tenant", &self.tenant),
            ("entity", &self.entity),
            ("imageLocations", &self.image_locations),
            ("mainImageLocation", &self.main_image_location),
            ("generation", &self.generation),
            ("revision", &self.revision),
            ("updatedAt", &self.updated_at),
            ("updatedBy", &self.updated_by),
            ("assetId", &self.asset_id),
            ("title", &self.title),
        ]
    }

    /// The canonical name of the table's attribute `name`; its own for one that this type does not name. `None`: the
    /// table uses a canonical name for something else, which nothing here reads.
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

    /// The table's name of the attribute whose canonical name is `canonical`; its own for one that this type does not
    /// name.
    #[must_use]
    pub fn in_table<'a>(&'a self, canonical: &'a str) -> &'a str {
        self.pairs().iter().find(|(name, _)| *name == canonical).map_or(canonical, |(_, in_table)| in_table)
    }

    /// `item` with canonical names.
    #[must_use]
    pub fn to_canonical<V, M>(&self, item: M) -> M
    where
        M: IntoIterator<Item = (String, V)> + FromIterator<(String, V)>,
    {
        item.into_iter().filter_map(|(name, value)| Some((self.canonical(&name)?.to_owned(), value))).collect()
    }
}

/// Reads the names as JSON, as the handlers' configuration carries them. What is left out has its canonical name.
impl FromStr for AttributeNames {
    type Err = serde_json::Error;

    fn from_str(json: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(json)
    }
}

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
    fn a_name_of_nothing_is_rejected() {
        let error = r#"{"tennant": "customer"}"#.parse::<AttributeNames>().unwrap_err().to_string();
        assert!(error.contains("tennant"), "{error}");
    }
}
