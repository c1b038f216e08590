//! The image-pack table and its stream.

use std::collections::{BTreeMap, BTreeSet};

use delivery::ports::Found;
use domain::image::image_pack::{ImagePack, LocationConfig};
use domain::{ImagePackId, LocationName, Target, TenantId};
use purging::ports::{CallError, CallErrorKind, PackItem};
use serde_json::{Map, Value, json};

use crate::fault::Fault;
use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::outage::Outage;
use crate::services::dynamodb::{Access, Partition, Table};
use crate::world::World;

/// The image-pack table and its stream.
#[derive(Debug, Default)]
pub(crate) struct PackTable {
    items: BTreeMap<(TenantId, Target), Item>,
    /// The records of each tenant's shard, the oldest first.
    pub(crate) streams: BTreeMap<TenantId, Vec<Value>>,
    /// The number of them that the mapping has delivered.
    pub(crate) delivered: BTreeMap<TenantId, usize>,
    sequence: u64,
    versions: u64,
}

/// An item of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// A pack, with a title that no image depends on.
    Pack(ImagePack, u64),
    /// The configuration of a location.
    Location(LocationConfig),
}

impl PackTable {
    pub(crate) fn pack(&self, tenant: &TenantId, pack: &ImagePackId) -> Option<&ImagePack> {
        match self.items.get(&(tenant.clone(), Target::Pack(pack.clone())))? {
            Item::Pack(pack, _) => Some(pack),
            Item::Location(_) => None,
        }
    }

    pub(crate) fn location(&self, tenant: &TenantId, location: &LocationName) -> Option<LocationConfig> {
        match self.items.get(&(tenant.clone(), Target::Location(location.clone())))? {
            Item::Pack(..) => None,
            Item::Location(config) => Some(*config),
        }
    }

    /// The version of a new original.
    pub(crate) fn new_version(&mut self) -> String {
        self.versions += 1;
        self.versions.to_string()
    }

    /// Whether the stream's mapping is done with every record.
    pub(crate) fn is_delivered(&self) -> bool {
        self.streams.iter().all(|(tenant, records)| self.delivered.get(tenant) == Some(&records.len()))
    }

    fn find(&self, tenant: &TenantId, packs: &[ImagePackId], locations: &[LocationName]) -> Found {
        let packs = packs.iter().filter_map(|id| Some((id.clone(), self.pack(tenant, id)?.clone())));
        let locations = locations.iter().filter_map(|name| Some((name.clone(), self.location(tenant, name)?)));
        Found { packs: packs.collect(), locations: locations.collect(), ..Found::default() }
    }
}

/// Writes an item, or removes it; its record goes into the stream.
pub(crate) fn write(world: &mut World, tenant: &TenantId, target: &Target, item: Option<&Item>) {
    let now_ms = world.now_ms;
    let packs = &mut world.packs;
    packs.sequence += 1;
    let sequence = packs.sequence;
    let key = (tenant.clone(), target.clone());
    let old = match item {
        Some(item) => packs.items.insert(key, item.clone()),
        None => packs.items.remove(&key),
    };
    let record = record(tenant, target, sequence, now_ms, old.as_ref(), item);
    packs.streams.entry(tenant.clone()).or_default().push(record);
    world.checker.written(tenant, target, sequence, now_ms, item);
    world.make_curious(tenant, target, 8_000);
    world.trace(|| format!("write {sequence}: {target} of {tenant} becomes {item:?}"));
}

/// A record as Lambda delivers it. DynamoDB says whole seconds.
fn record(
    tenant: &TenantId,
    target: &Target,
    sequence: u64,
    now_ms: u64,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Value {
    let keys = json!({"tenant": {"S": tenant}, "entity": {"S": target}});
    let mut change = json!({
        "ApproximateCreationDateTime": now_ms / 1_000,
        "Keys": keys,
        "SequenceNumber": sequence.to_string(),
        "SizeBytes": 300,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    });
    for (name, item) in [("OldImage", old), ("NewImage", new)] {
        if let Some(item) = item {
            let mut attributes = keys.as_object().cloned().unwrap_or_default();
            attributes.extend(attributes_of(item));
            change[name] = Value::Object(attributes);
        }
    }
    json!({
        "eventID": sequence.to_string(),
        "eventName": "MODIFY",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "eu-west-1",
        "dynamodb": change,
        "eventSourceARN": "arn:aws:dynamodb:eu-west-1:123456789012:table/image-packs/stream/2026-11-22T00:00:00.000",
    })
}

fn attributes_of(item: &Item) -> Map<String, Value> {
    let plain = match item {
        Item::Pack(pack, title) => {
            let mut plain = json!(pack);
            plain["title"] = json!(title);
            plain
        }
        Item::Location(config) => json!(config),
    };
    let attributes = plain.as_object().into_iter().flatten();
    attributes.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), attribute(value))).collect()
}

/// Plain JSON as DynamoDB writes it: `"a"` becomes `{"S": "a"}`.
fn attribute(plain: &Value) -> Value {
    match plain {
        Value::Null => json!({"NULL": true}),
        Value::Bool(value) => json!({"BOOL": value}),
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::String(text) => json!({"S": text}),
        Value::Array(values) => json!({"L": values.iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(fields) => {
            let fields: Map<_, _> = fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect();
            json!({"M": fields})
        }
    }
}

fn partition(tenant: &TenantId) -> Access {
    Access::Read(vec![Partition::of(Table::Packs, tenant)])
}

impl delivery::ports::Packs for Instance {
    async fn find(
        &self,
        tenant: &TenantId,
        packs: &[&ImagePackId],
        locations: &[&LocationName],
    ) -> Result<Found, CallError> {
        let packs: Vec<_> = packs.iter().map(|&id| id.clone()).collect();
        let locations: Vec<_> = locations.iter().map(|&name| name.clone()).collect();
        let tenant = tenant.clone();
        let (what, access) = (format!("reads {packs:?} and {locations:?} of {tenant}"), partition(&tenant));
        let find = self.dynamodb(what, access, move |world| {
            let has_unprocessed_keys = world.outages.is_on(&Outage::UnprocessedKeys, world.now_ms);
            if !has_unprocessed_keys {
                return Ok(world.packs.find(&tenant, &packs, &locations));
            }
            world.chance.count(Fault::UnprocessedKeys);
            if world.mutation == Some(Mutation::UnprocessedKeysTakenAsMissing) {
                return Ok(Found::default());
            }
            Err(CallError::new("BatchGetItem", "UnprocessedKeys").of_kind(CallErrorKind::Throttled))
        });
        find.await?
    }
}

impl purging::ports::Packs for Instance {
    async fn find(&self, tenant: &TenantId, pack: &ImagePackId) -> Result<PackItem, CallError> {
        let (tenant, pack) = (tenant.clone(), pack.clone());
        let (what, access) = (format!("reads {pack} of {tenant}"), partition(&tenant));
        let find = self.dynamodb(what, access, move |world| {
            let found = world.packs.pack(&tenant, &pack);
            let is_blind = world.mutation == Some(Mutation::EveryPurgeJoined);
            found.map_or(PackItem::Absent, |pack| {
                PackItem::Pack(if is_blind { ImagePack::default() } else { pack.clone() })
            })
        });
        find.await
    }

    async fn existing(&self, tenant: &TenantId, packs: &[&ImagePackId]) -> Result<BTreeSet<ImagePackId>, CallError> {
        let packs: Vec<_> = packs.iter().map(|&id| id.clone()).collect();
        let tenant = tenant.clone();
        let (what, access) = (format!("reads {packs:?} of {tenant}"), partition(&tenant));
        let find = self.dynamodb(what, access, move |world| {
            packs.iter().filter(|pack| world.packs.pack(&tenant, pack).is_some()).cloned().collect()
        });
        find.await
    }
}
