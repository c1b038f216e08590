//! Items of the image-pack table.

use std::collections::HashMap;

use aws_adapters::sdk_error;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::change::item_key::item_key;
use domain::purge::resync::{Item, Suspect, changed_since};
use domain::{TenantId, Timestamp};
use indicatif::ProgressBar;
use purging::ports::CallError;

use super::{Resync, Resynced};
use crate::recovery::Recovery;

type Attributes = HashMap<String, AttributeValue>;

/// The attributes that are read of an item.
const PROJECTION: &str = "#tenant, #entity, #updatedAt, #generation";

impl Recovery {
    /// Enqueues the changed items of the table, page by page.
    pub(super) async fn resync_table(
        &self,
        resync: &Resync,
        resynced: &mut Resynced,
        progress: &ProgressBar,
    ) -> Result<(), CallError> {
        let mut start = None;
        loop {
            let (items, next) = self.table_page(resync.tenant.as_ref(), start).await?;
            resynced.items += items.len() as u64;
            let suspects = items.iter().filter_map(|item| self.suspect(item, resync.since, resynced)).collect();
            self.resync_suspects(suspects, resync, resynced, progress).await?;
            if next.is_none() {
                return Ok(());
            }
            start = next;
        }
    }

    /// Reads one page of the table, or of the items of one tenant, and returns it with the key of the next page.
    async fn table_page(
        &self,
        tenant: Option<&TenantId>,
        start: Option<Attributes>,
    ) -> Result<(Vec<Attributes>, Option<Attributes>), CallError> {
        let table = &self.installation.image_pack_table;
        let names = &self.installation.image_pack_attributes;
        let action = || format!("reading table {table}");
        let names = [&names.tenant, &names.entity, &names.updated_at, &names.generation];
        let placeholders = PROJECTION.split(", ").map(ToOwned::to_owned);
        let projected: HashMap<_, _> = placeholders.zip(names.map(Clone::clone)).collect();
        let Some(tenant) = tenant else {
            let scan = self.clients.dynamodb.scan().table_name(table).consistent_read(true);
            let scan = scan.projection_expression(PROJECTION).set_expression_attribute_names(Some(projected));
            let page = scan.set_exclusive_start_key(start).send().await;
            let page = page.map_err(|error| sdk_error(action(), error))?;
            return Ok((page.items.unwrap_or_default(), page.last_evaluated_key));
        };
        let query = self.clients.dynamodb.query().table_name(table).consistent_read(true);
        let page = query
            .projection_expression(PROJECTION)
            .set_expression_attribute_names(Some(projected))
            .key_condition_expression("#tenant = :tenant")
            .expression_attribute_values(":tenant", AttributeValue::S(tenant.to_string()))
            .set_exclusive_start_key(start)
            .send()
            .await
            .map_err(|error| sdk_error(action(), error))?;
        Ok((page.items.unwrap_or_default(), page.last_evaluated_key))
    }

    /// The suspect of an item; `None` for an item that did not change or belongs to another program.
    fn suspect(&self, item: &Attributes, since: Timestamp, resynced: &mut Resynced) -> Option<Suspect> {
        let names = &self.installation.image_pack_attributes;
        let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str);
        let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()).map(String::as_str);
        let Some((tenant, target)) = item_key(text(&names.tenant), text(&names.entity)) else {
            resynced.foreign += 1;
            return None;
        };
        let (updated_at, generation) = (number(&names.updated_at), number(&names.generation));
        let changed = changed_since(Item { target: &target, updated_at, generation }, since)?;
        Some(Suspect { tenant, target, changed })
    }
}
