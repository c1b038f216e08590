//! The bucket of variants: strongly consistent, and now and then it does not delete what it should.

use std::collections::BTreeMap;
use std::ops::Bound;

use delivery::ports::{StoredVariant, Variants as Delivered};
use domain::image::variant_key::VariantScope;
use domain::{ImagePackId, Target, TenantId, Timestamp};
use purging::ports::{CallError, ListFrom, StoredObject, Undeleted, Variants, VariantsPage};

use crate::fault::Fault;
use crate::lambda::Instance;
use crate::mutation::Mutation;
use crate::world::World;

/// The bucket of variants.
#[derive(Debug, Default)]
pub(crate) struct VariantsBucket {
    /// Each with the true time at which it was stored, in milliseconds.
    pub(crate) stored: BTreeMap<String, (StoredVariant, u64)>,
}

impl VariantsBucket {
    /// A variant in `scope` that was stored before `before_ms`.
    pub(crate) fn older_variant(&self, scope: &VariantScope, before_ms: u64) -> Option<String> {
        let older = self.stored.iter().find(|(key, (_, at_ms))| *at_ms < before_ms && scope.covers(key));
        older.map(|(key, _)| format!("variant {key}"))
    }

    fn list(&self, prefix: &str, after: Option<&str>, keys_max: usize) -> VariantsPage {
        let from = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let stored = self.stored.range::<str, _>((from, Bound::Unbounded));
        let objects: Vec<StoredObject> = stored
            .skip_while(|(key, _)| key.as_str() < prefix)
            .take_while(|(key, _)| key.starts_with(prefix))
            .take(keys_max + 1)
            .map(|(key, (_, at_ms))| StoredObject { key: key.clone(), stored_at: last_modified(*at_ms) })
            .collect();
        match objects.get(..keys_max) {
            Some(page) if objects.len() > keys_max => {
                VariantsPage { objects: page.to_vec(), next: page.last().map(|object| object.key.clone()) }
            }
            _ => VariantsPage { objects, next: None },
        }
    }
}

/// S3 says whole seconds.
fn last_modified(stored_ms: u64) -> Timestamp {
    Timestamp::from_millis(stored_ms / 1_000 * 1_000)
}

/// Deletes what S3 deletes of `keys`, and says what it does not.
fn delete(world: &mut World, keys: &[String]) -> Vec<Undeleted> {
    let mut undeleted = Vec::new();
    for key in keys {
        if world.chance.fault(Fault::VariantNotDeleted, 1) {
            undeleted.push(Undeleted { key: key.clone(), message: "InternalError".to_owned() });
        } else {
            world.checker.deleted(key);
            world.variants.stored.remove(key);
        }
    }
    undeleted
}

/// A variant of the pack and location of `key`, whatever it was rendered from.
fn any_fingerprint<'a>(world: &'a World, key: &str) -> Option<&'a (StoredVariant, u64)> {
    let (prefix, fingerprint) = key.rsplit_once('/')?;
    let is_marker = |key: &str| key.contains("unrenderable=");
    let mut stored = world.variants.stored.iter().filter(|(key, _)| key.starts_with(prefix) && !is_marker(key));
    if is_marker(fingerprint) { world.variants.stored.get(key) } else { stored.next().map(|(_, stored)| stored) }
}

/// A purge begins: a viewer requests what it is about to delete.
fn curious(world: &mut World, prefix: &str) {
    let mut parts = prefix.split('/');
    let tenant = parts.next().and_then(|tenant| TenantId::parse(tenant).ok());
    let pack = parts.next().and_then(|pack| ImagePackId::parse(pack).ok());
    if let Some((tenant, pack)) = tenant.zip(pack) {
        world.make_curious(&tenant, &Target::Pack(pack), 300);
    }
}

impl Variants for Instance {
    async fn list(&self, prefix: &str, from: ListFrom<'_>) -> Result<VariantsPage, CallError> {
        let after = match from {
            ListFrom::Start => None,
            ListFrom::Key(after) | ListFrom::Token(after) => Some(after.to_owned()),
        };
        let prefix = prefix.to_owned();
        let list = self.call(format!("lists {prefix} after {after:?}"), move |world| {
            curious(world, &prefix);
            world.variants.list(&prefix, after.as_deref(), world.setup.keys_per_page)
        });
        list.await
    }

    async fn delete(&self, keys: &[String]) -> Result<Vec<Undeleted>, CallError> {
        let keys = keys.to_vec();
        let delete = self.call(format!("deletes {keys:?}"), move |world| {
            if world.mutation == Some(Mutation::EveryTenantsVariants) {
                let others: Vec<_> = keys.iter().map(|key| key.replacen("acme/", "acme2/", 1)).collect();
                delete(world, &others);
            }
            delete(world, &keys)
        });
        delete.await
    }
}

impl Delivered for Instance {
    async fn read(&self, key: &str) -> Result<Option<StoredVariant>, CallError> {
        let key = key.to_owned();
        let read = self.call(format!("reads variant {key}"), move |world| {
            let stored = match world.mutation {
                Some(Mutation::NoFingerprintInTheKey) => any_fingerprint(world, &key),
                _ => world.variants.stored.get(&key),
            };
            stored.map(|(variant, _)| variant.clone())
        });
        read.await
    }

    async fn store(
        &self,
        key: &str,
        bytes: Vec<u8>,
        content_type: &str,
        _cache_tags: &str,
    ) -> Result<String, CallError> {
        let etag = format!("\"{key}\"");
        let variant = StoredVariant { bytes, content_type: content_type.to_owned(), etag };
        let key = key.to_owned();
        let store = self.call(format!("stores variant {key}"), move |world| {
            world.variants.stored.insert(key.clone(), (variant.clone(), world.now_ms));
            variant.etag.clone()
        });
        store.await
    }

    async fn remove(&self, key: &str) -> Result<(), CallError> {
        let key = key.to_owned();
        self.call(format!("removes variant {key}"), move |world| drop(world.variants.stored.remove(&key))).await
    }
}
