//! Deletions of everything of one tenant in a table or below a prefix of a bucket. Each can be interrupted and repeated.

use std::collections::HashMap;

use aws_adapters::{CallError, call_error, sdk_error};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::types::{Delete, DeleteMarkerEntry, ObjectIdentifier, ObjectVersion};
use domain::TenantId;
use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::ProgressBar;

/// Items that are deleted at a time.
const CONCURRENT_DELETIONS: usize = 16;

/// A table and the names of its keys, of which the first is the tenant.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table<'a> {
    pub(crate) name: &'a str,
    pub(crate) keys: [&'a str; 2],
}

/// Returns the number of items of `tenant`.
pub(crate) async fn count_items(
    client: &aws_sdk_dynamodb::Client,
    table: Table<'_>,
    tenant: &TenantId,
) -> Result<u64, CallError> {
    let mut count = 0;
    let mut start = None;
    loop {
        let (keys, next) = keys_page(client, table, tenant, start).await?;
        count += keys.len() as u64;
        if next.is_none() {
            return Ok(count);
        }
        start = next;
    }
}

/// Deletes every item of `tenant` and returns their number.
pub(crate) async fn delete_items(
    client: &aws_sdk_dynamodb::Client,
    table: Table<'_>,
    tenant: &TenantId,
    progress: &ProgressBar,
) -> Result<u64, CallError> {
    let mut deleted = 0;
    let mut start = None;
    loop {
        let (keys, next) = keys_page(client, table, tenant, start).await?;
        let deletions = keys.into_iter().map(|key| async {
            let delete = client.delete_item().table_name(table.name).set_key(Some(key)).send().await;
            delete.map_err(|error| sdk_error(format!("deleting an item of {tenant} in table {}", table.name), error))
        });
        let mut deletions = stream::iter(deletions).buffer_unordered(CONCURRENT_DELETIONS);
        while deletions.try_next().await?.is_some() {
            deleted += 1;
            progress.inc(1);
        }
        if next.is_none() {
            return Ok(deleted);
        }
        start = next;
    }
}

type Key = HashMap<String, AttributeValue>;

async fn keys_page(
    client: &aws_sdk_dynamodb::Client,
    table: Table<'_>,
    tenant: &TenantId,
    start: Option<Key>,
) -> Result<(Vec<Key>, Option<Key>), CallError> {
    let [first, second] = table.keys;
    let page = client
        .query()
        .table_name(table.name)
        .consistent_read(true)
        .key_condition_expression("#first = :tenant")
        .projection_expression("#first, #second")
        .expression_attribute_names("#first", first)
        .expression_attribute_names("#second", second)
        .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
        .set_exclusive_start_key(start)
        .send()
        .await
        .map_err(|error| sdk_error(format!("reading the items of {tenant} in table {}", table.name), error))?;
    Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
}

/// Deletes every version of every object below `prefix`, delete markers too, and returns their number.
pub(crate) async fn delete_objects(
    client: &aws_sdk_s3::Client,
    bucket: &str,
    prefix: &str,
    progress: &ProgressBar,
) -> Result<u64, CallError> {
    let mut deleted = 0;
    loop {
        // The objects of the page before are deleted, so each page is the first.
        let page = client.list_object_versions().bucket(bucket).prefix(prefix).send().await;
        let page = page.map_err(|error| sdk_error(format!("listing {prefix} of bucket {bucket}"), error))?;
        let versions = page.versions().iter().map(|ObjectVersion { key, version_id, .. }| (key, version_id));
        let markers = page.delete_markers().iter().map(|DeleteMarkerEntry { key, version_id, .. }| (key, version_id));
        let action = || format!("deleting {prefix} of bucket {bucket}");
        let named = versions.chain(markers).filter_map(|(key, version)| Some((key.clone()?, version.clone())));
        let objects = named.map(|(key, version)| ObjectIdentifier::builder().key(key).set_version_id(version).build());
        let objects = objects.collect::<Result<Vec<_>, _>>().map_err(|error| call_error(action(), error))?;
        if objects.is_empty() {
            return Ok(deleted);
        }
        let count = objects.len() as u64;
        let delete = Delete::builder().set_objects(Some(objects)).quiet(true).build();
        let delete = delete.map_err(|error| call_error(action(), error))?;
        let response = client.delete_objects().bucket(bucket).delete(delete).send().await;
        let response = response.map_err(|error| sdk_error(action(), error))?;
        // S3 responds with 200 and names each object that it did not delete.
        if let Some(undeleted) = response.errors().first() {
            let (key, cause) = (undeleted.key().unwrap_or_default(), undeleted.message().or(undeleted.code()));
            return Err(CallError::new(action(), format!("{key}: {}", cause.unwrap_or("no reason"))));
        }
        deleted += count;
        progress.inc(count);
    }
}
