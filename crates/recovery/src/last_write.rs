//! The last write of one item, as the table's stream has it.

use std::time::Duration;

use aws_adapters::{now, sdk_error};
use aws_sdk_dynamodbstreams::types::{Shard, ShardIteratorType};
use domain::change::detection::{Record, Touched, touched};
use domain::{Target, TenantId, Timestamp};
use futures_util::{StreamExt, stream};
use purging::ports::CallError;
use purging::stream::parse;

use crate::range::as_lambda_delivers;
use crate::recovery::Recovery;

/// Shards that are read at a time.
const CONCURRENT_SHARDS: usize = 8;

/// The consecutive empty pages after which an open shard counts as read: DynamoDB marks no end of it.
const EMPTY_PAGES_MAX: u32 = 3;

/// The pause after an empty page: a shard serves five reads per second.
const EMPTY_PAGE_PAUSE: Duration = Duration::from_millis(200);

/// The last write of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastWrite {
    /// The time of the write, to the second.
    pub at: Timestamp,
    /// The attributes that it changed.
    pub touched: Vec<Touched>,
}

impl Recovery {
    /// Finds the last write of an item in the stream, which keeps 24 hours. It reads the whole stream: the caller limits
    /// the time. `None`: the stream has no write of the item.
    pub async fn last_write(&self, tenant: &TenantId, target: &Target) -> Result<Option<LastWrite>, CallError> {
        let shards = self.shards().await?;
        let reads: Vec<_> = shards.iter().map(|shard| self.last_write_in(shard, tenant, target)).collect();
        let mut last: Option<(Timestamp, Record)> = None;
        let mut reads = stream::iter(reads).buffer_unordered(CONCURRENT_SHARDS);
        while let Some(found) = reads.next().await {
            if let Some((at, record)) = found?
                && last.as_ref().is_none_or(|(other, _)| *other < at)
            {
                last = Some((at, record));
            }
        }
        Ok(last.map(|(at, record)| LastWrite { at, touched: touched(&record) }))
    }

    async fn shards(&self) -> Result<Vec<Shard>, CallError> {
        let arn = &self.installation.image_pack_stream_arn;
        let (mut shards, mut after) = (Vec::new(), None);
        loop {
            let describe = self.clients.streams.describe_stream().stream_arn(arn).set_exclusive_start_shard_id(after);
            let described = describe.send().await.map_err(|error| sdk_error(format!("reading stream {arn}"), error))?;
            let Some(described) = described.stream_description else { return Ok(shards) };
            shards.extend(described.shards.unwrap_or_default());
            after = described.last_evaluated_shard_id;
            if after.is_none() {
                return Ok(shards);
            }
        }
    }

    async fn last_write_in(
        &self,
        shard: &Shard,
        tenant: &TenantId,
        target: &Target,
    ) -> Result<Option<(Timestamp, Record)>, CallError> {
        let arn = &self.installation.image_pack_stream_arn;
        let id = shard.shard_id.as_deref().unwrap_or_default();
        let action = || format!("reading shard {id} of {arn}");
        let get = self.clients.streams.get_shard_iterator().stream_arn(arn).shard_id(id);
        let found = get.shard_iterator_type(ShardIteratorType::TrimHorizon).send().await;
        let mut iterator = found.map_err(|error| sdk_error(action(), error))?.shard_iterator;
        let (mut last, mut empty_pages) = (None, 0);
        while let Some(next) = iterator {
            let page = self.clients.streams.get_records().shard_iterator(next).send().await;
            let page = page.map_err(|error| sdk_error(action(), error))?;
            iterator = page.next_shard_iterator;
            let records = page.records.unwrap_or_default();
            if records.is_empty() {
                empty_pages += 1;
                if empty_pages == EMPTY_PAGES_MAX {
                    break;
                }
                tokio::time::sleep(EMPTY_PAGE_PAUSE).await;
                continue;
            }
            empty_pages = 0;
            for record in records {
                let raw = as_lambda_delivers(record, arn);
                // An unreadable record is a dead letter, which is reported elsewhere.
                let parsed = parse(&raw, &self.installation.image_pack_attributes, now()).unwrap_or_default();
                let of_item = parsed.filter(|(record, ..)| record.tenant == *tenant && record.target == *target);
                last = of_item.map(|(record, at, _)| (at, record)).or(last);
            }
        }
        Ok(last)
    }
}
