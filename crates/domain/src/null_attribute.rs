//! Attributes that are `NULL` in a table, read as absent.

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

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use crate::editing::managed_pack::ManagedPack;
    use crate::image::image_pack::{ImagePack, LocationConfig};
    use crate::purge::ledger::LedgerRow;
    use crate::purge::purge_request::PurgeRequest;
    use crate::queue::queue_entry::QueueEntry;

    /// Checks that an item is read in the same way whether one of its `optional` attributes is absent or `NULL`.
    fn check<T: DeserializeOwned + Debug + PartialEq>(item: &Value, optional: &[&str]) {
        let read = |item: Value| serde_json::from_value::<T>(item).map_err(|error| error.to_string());
        assert!(read(item.clone()).is_ok(), "{:?}", read(item.clone()));
        for path in optional {
            let (parent, name) = path.rsplit_once('/').unwrap();
            let [mut absent, mut null] = [item.clone(), item.clone()];
            let removed = absent.pointer_mut(parent).unwrap().as_object_mut().unwrap().shift_remove(name);
            assert!(removed.is_some(), "{path} is not in {item}");
            *null.pointer_mut(path).unwrap() = Value::Null;
            let (absent, null) = (read(absent), read(null));
            assert!(absent.is_ok(), "{path} is not optional: {absent:?}");
            assert_eq!(null, absent, "{path}");
        }
    }

    /// Adds the attributes of a purge's cause.
    fn with_cause(mut item: Value) -> Value {
        let cause = json!({"firstEventAt": 1, "changes": 3, "reasons": ["manual"], "requestedBy": ["admin:ada"]});
        item.as_object_mut().unwrap().extend(cause.as_object().unwrap().clone());
        item
    }

    #[test]
    fn a_pack_and_a_location_config_are_read_the_same() {
        let crop = json!({"x": 0, "y": 0, "width": 10, "height": 10});
        let original = json!({
            "key": "k", "version": "v", "mediaType": "image/png", "width": 10, "height": 10, "bytes": 9, "uploadId": "u",
        });
        let pack = json!({
            "revision": 3, "assetId": "a", "title": "t", "mainImageLocation": "main",
            "imageLocations": {"main": {"original": original, "crop": crop}},
        });
        let shown = ["/imageLocations", "/mainImageLocation", "/imageLocations/main", "/imageLocations/main/crop"];
        check::<ImagePack>(&pack, &shown);
        check::<ManagedPack>(&pack, &shown);
        check::<ManagedPack>(&pack, &["/revision", "/assetId", "/title"]);
        let of_original = ["mediaType", "width", "height", "bytes", "uploadId"];
        let of_original = of_original.map(|name| format!("/imageLocations/main/original/{name}"));
        check::<ManagedPack>(&pack, &of_original.each_ref().map(String::as_str));
        let config = json!({
            "width": 640, "height": 360, "fit": "fill", "format": "webp", "quality": 1, "generation": 2, "revision": 3,
        });
        check::<LocationConfig>(&config, &["/fit", "/format", "/quality", "/generation", "/revision"]);
    }

    #[test]
    fn a_row_of_the_queue_the_outbox_and_the_ledger_is_read_the_same() {
        let row = json!({
            "tenant": "acme", "target": "pack#p1", "version": "1@d", "lastEventAt": 2, "earlyPurgeCount": 1,
            "earlyPurgeVersion": "1@d", "finalPurge": {"version": "1@d", "ledgerKey": "k"},
            "deletionCursor": {"startedAt": 2, "afterKey": "acme/p1/main", "variantsDeleted": 3},
        });
        check::<QueueEntry>(
            &with_cause(row),
            &["/requestedBy", "/earlyPurgeCount", "/earlyPurgeVersion", "/finalPurge", "/deletionCursor"],
        );
        let entry = json!({
            "target": "pack#p1", "version": "1@d", "isFinal": true, "beganAt": 2, "enqueuedAt": 1, "variantsDeleted": 0,
        });
        let request = json!({
            "callerReference": "r", "forTenant": "acme", "distribution": {"distributionId": "E1", "cacheTags": true},
            "items": ["#acme/p1"], "entries": [with_cause(entry)], "createdAt": 3, "renamed": 1,
            "invalidationId": "I1", "acceptedAt": 4,
        });
        check::<PurgeRequest>(
            &request,
            &["/renamed", "/invalidationId", "/acceptedAt", "/entries/0/requestedBy", "/entries/0/enqueuedAt"],
        );
        let purge = json!({
            "tenant": "acme", "purge": "pack#p1#2#r", "target": "pack#p1", "version": "1@d", "enqueuedAt": 1,
            "startedAt": 2, "isFinal": true, "variantsDeleted": 0, "variantsDeletedAt": 6, "distributionId": "E1", "invalidationId": "I1", "invalidationStatus": "Completed",
            "createdAt": 3, "completedAt": 3, "refillSeenAt": 4, "expiresAt": 5,
        });
        let optional = [
            "requestedBy",
            "version",
            "enqueuedAt",
            "variantsDeletedAt",
            "invalidationId",
            "createdAt",
            "completedAt",
            "refillSeenAt",
        ];
        check::<LedgerRow>(&with_cause(purge), &optional.map(|name| format!("/{name}")).each_ref().map(String::as_str));
    }
}
