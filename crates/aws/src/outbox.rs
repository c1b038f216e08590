//! The outbox: the invalidation requests in flight, from before they are sent until CloudFront has completed them, kept
//! beside the queue's rows.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use domain::purge::purge_request::PurgeRequest;
use purging::ports::{Lease, Outbox, QueueError, Rows};

use crate::CallError;
use crate::call_error::{call_error, sdk_error};
use crate::conditional::is_written;
use crate::invalidation_queue::{InvalidationQueue, key, number};
use crate::transactions::{Cancellation, is_condition_failed};

/// The partition of requests in the queue's table. No tenant can be called `#request`.
const TENANT: &str = "#request";

impl Outbox for InvalidationQueue {
    async fn requests(&self) -> Result<Rows<PurgeRequest>, CallError> {
        let (client, table) = self.table();
        let mut requests = Rows { rows: Vec::new(), unreadable: Vec::new() };
        let query = client
            .query()
            .table_name(table)
            .consistent_read(true)
            .key_condition_expression("tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(TENANT.to_owned()));
        let mut pages = query.into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| sdk_error(format!("reading the outbox in table {table}"), error))?;
            for item in page.items.unwrap_or_default() {
                match self.request(item) {
                    Ok(request) => requests.rows.push(request),
                    Err(error) => requests.unreadable.push(error),
                }
            }
        }
        Ok(requests)
    }

    async fn write(&self, request: &PurgeRequest, lease: Option<&Lease>) -> Result<bool, CallError> {
        let (client, table) = self.table();
        let action = || format!("writing request {} to table {table}", request.caller_reference);
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item_of(request, action())?))
            .condition_expression("attribute_not_exists(target)")
            .build()
            .map_err(|error| call_error(action(), error))?;
        let mut items = vec![TransactWriteItem::builder().put(put).build()];
        if let Some(lease) = lease {
            items.push(TransactWriteItem::builder().condition_check(self.token_check(lease)?).build());
        }
        match client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    let reasons = canceled.cancellation_reasons();
                    match Cancellation::of(reasons) {
                        _ if is_condition_failed(reasons, 1) => Ok(false),
                        // It is there already: the same request, since its name is a hash of its content.
                        Cancellation::Conditions => Ok(true),
                        Cancellation::Passing(kind) => Err(sdk_error(action(), error).of_kind(kind)),
                        Cancellation::Invalid => Err(sdk_error(action(), error)),
                    }
                }
                _ => Err(sdk_error(action(), error)),
            },
        }
    }

    async fn update(&self, request: &PurgeRequest) -> Result<(), CallError> {
        let (client, table) = self.table();
        let action = || format!("updating request {} of table {table}", request.caller_reference);
        let mut update = client
            .update_item()
            .table_name(table)
            .set_key(Some(key(TENANT, &request.caller_reference)))
            .condition_expression("attribute_exists(target)")
            .expression_attribute_values(":renamed", AttributeValue::N(request.renamed.to_string()));
        let mut assignments = vec!["renamed = :renamed"];
        if let Some(id) = &request.invalidation_id {
            assignments.push("invalidationId = :id");
            update = update.expression_attribute_values(":id", AttributeValue::S(id.clone()));
        }
        if let Some(accepted_at) = request.accepted_at {
            assignments.push("acceptedAt = :acceptedAt");
            update = update.expression_attribute_values(":acceptedAt", number(accepted_at.as_millis()));
        }
        let update = update.update_expression(format!("SET {}", assignments.join(", ")));
        is_written(update.send().await, action())?;
        Ok(())
    }

    async fn remove(&self, caller_reference: &str) -> Result<(), CallError> {
        let (client, table) = self.table();
        let delete = client.delete_item().table_name(table).set_key(Some(key(TENANT, caller_reference)));
        let action = || format!("removing request {caller_reference} of table {table}");
        delete.send().await.map_err(|error| sdk_error(action(), error))?;
        Ok(())
    }
}

impl InvalidationQueue {
    fn request(&self, item: HashMap<String, AttributeValue>) -> Result<PurgeRequest, QueueError> {
        let reference = item.get("target").and_then(|target| target.as_s().ok()).cloned().unwrap_or_default();
        serde_dynamo::from_item(item).map_err(|cause| QueueError::Row {
            table: self.table().1.to_owned(),
            row: format!("request {reference}"),
            cause: cause.to_string(),
        })
    }
}

fn item_of(request: &PurgeRequest, action: String) -> Result<HashMap<String, AttributeValue>, CallError> {
    let mut item: HashMap<String, AttributeValue> =
        serde_dynamo::to_item(request).map_err(|error| call_error(action, error))?;
    item.extend(key(TENANT, &request.caller_reference));
    Ok(item)
}
