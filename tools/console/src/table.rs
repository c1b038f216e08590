//! The image-pack table of a tenant, with which a viewer's image is compared.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::image::fingerprint::fingerprint;
use domain::image::image_pack::{ImagePack, LocationConfig};
use domain::{ImagePackId, LocationName, Target, TenantId};

use local_cloud::cause::{Cause, Context as _};
use local_cloud::observer::{Item, Observer};

/// One tenant's packs and the configurations of its locations, as of one read.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) packs: BTreeMap<ImagePackId, Pack>,
    locations: BTreeMap<LocationName, LocationConfig>,
    /// The packs and configurations that cannot be read, with the cause.
    pub(super) unreadable: BTreeMap<Target, String>,
}

/// A pack as the console shows it.
#[derive(Debug, Clone, Default)]
pub(super) struct Pack {
    pub(super) title: Option<String>,
    pub(super) images: ImagePack,
}

impl Shelf {
    /// Reads every item of `tenant`, strongly consistent.
    pub(super) async fn read(observer: &Observer, tenant: &TenantId) -> Result<Self, Cause> {
        let query = observer.clients.dynamodb.query().table_name(&observer.image_pack_table).consistent_read(true);
        let query = query
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()));
        let items = query.into_paginator().items().send();
        let items: Vec<_> = items.try_collect().await.context("reading the image-pack table")?;
        Ok(Self::of(items))
    }

    /// Parses the items of one tenant, each on its own: one that cannot be read does not hide the others. Items that
    /// are neither a pack nor a configuration belong to other programs.
    fn of(items: Vec<Item>) -> Self {
        let mut shelf = Self::default();
        for item in items {
            let Some(entity) = item.get("entity").and_then(|entity| entity.as_s().ok()) else { continue };
            let Ok(target) = Target::parse(entity) else { continue };
            if let Err(error) = shelf.keep(&target, item) {
                shelf.unreadable.insert(target, error.to_string());
            }
        }
        shelf
    }

    fn keep(&mut self, target: &Target, item: Item) -> Result<(), serde_dynamo::Error> {
        match target {
            Target::Pack(id) => {
                let title = item.get("title").and_then(|title| title.as_s().ok()).cloned();
                self.packs.insert(id.clone(), Pack { title, images: serde_dynamo::from_item(item)? });
            }
            Target::Location(name) => {
                self.locations.insert(name.clone(), serde_dynamo::from_item(item)?);
            }
            // An item with this key belongs to no image.
            Target::Tenant => {}
        }
        Ok(())
    }

    /// The tenant's packs, those that cannot be read included.
    pub(super) fn pack_ids(&self) -> BTreeSet<&ImagePackId> {
        let unreadable = self.unreadable.keys().filter_map(|target| match target {
            Target::Pack(id) => Some(id),
            Target::Location(_) | Target::Tenant => None,
        });
        self.packs.keys().chain(unreadable).collect()
    }

    /// The current fingerprint of an image. `None`: there is no such image, or its location's configuration cannot be
    /// read.
    pub(super) fn current_fingerprint(&self, pack: &ImagePackId, location: &LocationName) -> Option<String> {
        let image = self.packs.get(pack)?.images.image_locations.get(location)?;
        if self.unreadable.contains_key(&Target::Location(location.clone())) {
            return None;
        }
        let config = self.locations.get(location).copied().unwrap_or_default();
        Some(fingerprint(image, &config))
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;

    use super::*;

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn map<const N: usize>(attributes: [(&str, AttributeValue); N]) -> AttributeValue {
        AttributeValue::M(item(attributes))
    }

    fn item<const N: usize>(attributes: [(&str, AttributeValue); N]) -> Item {
        attributes.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn image() -> AttributeValue {
        map([("original", map([("key", s("k")), ("version", s("v"))]))])
    }

    fn pack(id: &str, image_locations: AttributeValue) -> Item {
        item([("tenant", s("acme")), ("entity", s(&format!("pack#{id}"))), ("imageLocations", image_locations)])
    }

    fn binary() -> AttributeValue {
        AttributeValue::B(Blob::new("binary"))
    }

    /// Checks the packs beside a readable one, `cat`: the locations of `dog`, and the targets that cannot be read.
    fn check(situation: &str, other: Item, dog: &[&str], unreadable: &[&str]) {
        let shelf = Shelf::of(vec![other, pack("cat", map([("main", image())]))]);
        let locations = |id: &str| {
            let pack = shelf.packs.get(&ImagePackId::parse(id).unwrap());
            pack.map_or(Vec::new(), |pack| pack.images.image_locations.keys().map(LocationName::as_str).collect())
        };
        assert_eq!(locations("cat"), ["main"], "{situation}");
        assert_eq!(locations("dog"), dog, "{situation}");
        let found: Vec<_> = shelf.unreadable.keys().map(ToString::to_string).collect();
        assert_eq!(found, unreadable, "{situation}");
    }

    #[test]
    fn an_item_that_cannot_be_read_is_reported_and_hides_no_other() {
        let unreadable = &["pack#dog"][..];
        check("binary for the images", pack("dog", binary()), &[], unreadable);
        check("binary for an image", pack("dog", map([("main", binary())])), &[], unreadable);
        check("binary for an original", pack("dog", map([("main", map([("original", binary())]))])), &[], unreadable);
        check("text for an image", pack("dog", map([("main", s("dog.png"))])), &[], unreadable);
        let config = item([("entity", s("location#main")), ("width", s("wide")), ("height", s("high"))]);
        check("a configuration", config, &[], &["location#main"]);
        check("a key that is no text", item([("entity", binary())]), &[], &[]);
        check("a record of another program", item([("entity", s("order#9")), ("receipt", binary())]), &[], &[]);
    }

    #[test]
    fn a_binary_value_that_the_service_does_not_read_leaves_the_pack_readable() {
        let AttributeValue::M(mut image) = image() else { unreachable!("an image is a map") };
        image.insert("thumbnail".to_owned(), binary());
        check("in an image", pack("dog", map([("main", AttributeValue::M(image))])), &["main"], &[]);
        let mut with_title = pack("dog", map([("main", self::image())]));
        with_title.insert("title".to_owned(), binary());
        check("for the title", with_title, &["main"], &[]);
    }

    #[test]
    fn a_null_attribute_is_absent() {
        let null = || AttributeValue::Null(true);
        check("the images", pack("dog", null()), &[], &[]);
        check("an image", pack("dog", map([("main", image()), ("poster", null())])), &["main"], &[]);
        let mut cat = pack("dog", map([("main", image())]));
        cat.extend(item([("title", null()), ("mainImageLocation", null())]));
        check("title and main location", cat, &["main"], &[]);
    }

    #[test]
    fn a_pack_that_cannot_be_read_is_still_listed() {
        let shelf = Shelf::of(vec![pack("dog", binary()), pack("cat", map([("main", image())]))]);
        assert_eq!(shelf.pack_ids().into_iter().map(ImagePackId::as_str).collect::<Vec<_>>(), ["cat", "dog"]);
    }
}
