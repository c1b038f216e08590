//! A probe: two packs of a tenant with one small image each, of which one is edited. It is written as editors' software
//! writes packs, so that its edit is processed like every edit.

use std::collections::{BTreeMap, HashMap};
use std::io::Cursor;

use aws_adapters::{CallError, call_error, now, sdk_error};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use contract::names::Installation;
use domain::image::image_pack::{ImageLocation, ImagePack, Original};
use domain::image::image_place::ImagePlace;
use domain::{ImagePackId, InvalidIdentifierError, LocationName, Target, TenantId};
use image::{ImageFormat, RgbImage};
use uuid::Uuid;

/// The beginning of the ids of a probe's packs.
const NAME: &str = "imagecache-verify";

/// The width and height of a probe's originals, in pixels.
const SIZE: u32 = 64;

/// The packs of a probe.
#[derive(Debug)]
pub(crate) struct Probe<'a> {
    s3: &'a aws_sdk_s3::Client,
    dynamodb: &'a aws_sdk_dynamodb::Client,
    installation: &'a Installation,
    pub(crate) tenant: TenantId,
    /// The pack that is edited.
    pub(crate) edited: ImagePackId,
    /// The pack that stays as it is.
    pub(crate) control: ImagePackId,
    pub(crate) location: LocationName,
    originals: Vec<Original>,
}

impl<'a> Probe<'a> {
    /// A probe that is not written yet.
    pub(crate) fn new(
        s3: &'a aws_sdk_s3::Client,
        dynamodb: &'a aws_sdk_dynamodb::Client,
        installation: &'a Installation,
        tenant: TenantId,
    ) -> Result<Self, InvalidIdentifierError> {
        let (id, ..) = Uuid::new_v4().as_fields();
        Ok(Self {
            s3,
            dynamodb,
            installation,
            tenant,
            edited: ImagePackId::parse(&format!("{NAME}-probe{id:08x}"))?,
            control: ImagePackId::parse(&format!("{NAME}-control{id:08x}"))?,
            location: LocationName::parse(NAME)?,
            originals: Vec::new(),
        })
    }

    /// Writes both packs.
    pub(crate) async fn write(&mut self) -> Result<(), CallError> {
        self.write_pack(self.edited.clone()).await?;
        self.write_pack(self.control.clone()).await
    }

    /// Replaces the original of the edited pack.
    pub(crate) async fn edit(&mut self) -> Result<(), CallError> {
        self.write_pack(self.edited.clone()).await
    }

    /// Stores an original and writes the pack that shows it.
    async fn write_pack(&mut self, pack: ImagePackId) -> Result<(), CallError> {
        let place = ImagePlace { tenant: self.tenant.clone(), pack, location: self.location.clone() };
        let key = place.original_key(&Uuid::new_v4().to_string());
        let bucket = &self.installation.originals_bucket;
        let put = self.s3.put_object().bucket(bucket).key(&key).content_type("image/png").body(original()?);
        let stored = put.send().await.map_err(|error| sdk_error(format!("storing {key} in bucket {bucket}"), error))?;
        let original = Original { key, version: stored.version_id.unwrap_or_else(|| "null".to_owned()) };
        self.originals.push(original.clone());
        let image = ImageLocation { original, crop: None };
        let pack = ImagePack {
            image_locations: BTreeMap::from([(place.location, image)]),
            main_image_location: Some(self.location.clone()),
        };
        let names = &self.installation.image_pack_attributes;
        let action =
            || format!("writing {} of {} to table {}", place.pack, self.tenant, self.installation.image_pack_table);
        let item: HashMap<String, AttributeValue> =
            serde_dynamo::to_item(pack).map_err(|error| call_error(action(), error))?;
        let mut item: HashMap<_, _> =
            item.into_iter().map(|(name, value)| (names.in_table(&name).to_owned(), value)).collect();
        item.extend(self.key(&place.pack));
        item.insert(names.updated_at.clone(), AttributeValue::N(now().as_millis().to_string()));
        let put = self.dynamodb.put_item().table_name(&self.installation.image_pack_table).set_item(Some(item));
        put.send().await.map_err(|error| sdk_error(action(), error))?;
        Ok(())
    }

    /// Removes the packs and their originals. The purge of the removed packs deletes their variants.
    pub(crate) async fn remove(&self) -> Result<(), CallError> {
        let table = &self.installation.image_pack_table;
        for pack in [&self.edited, &self.control] {
            let delete = self.dynamodb.delete_item().table_name(table).set_key(Some(self.key(pack)));
            delete.send().await.map_err(|error| sdk_error(format!("removing {pack} of table {table}"), error))?;
        }
        let bucket = &self.installation.originals_bucket;
        for Original { key, version } in &self.originals {
            let delete = self.s3.delete_object().bucket(bucket).key(key);
            // In a bucket with versions, nothing else removes the object.
            let delete = delete.set_version_id((version != "null").then(|| version.clone()));
            delete.send().await.map_err(|error| sdk_error(format!("deleting {key} of bucket {bucket}"), error))?;
        }
        Ok(())
    }

    fn key(&self, pack: &ImagePackId) -> HashMap<String, AttributeValue> {
        let names = &self.installation.image_pack_attributes;
        let target = Target::Pack(pack.clone());
        HashMap::from([
            (names.tenant.clone(), AttributeValue::S(self.tenant.to_string())),
            (names.entity.clone(), AttributeValue::S(target.to_string())),
        ])
    }
}

fn original() -> Result<ByteStream, CallError> {
    let mut png = Cursor::new(Vec::new());
    let written = RgbImage::new(SIZE, SIZE).write_to(&mut png, ImageFormat::Png);
    written.map_err(|error| call_error("encoding an original", error))?;
    Ok(png.into_inner().into())
}
