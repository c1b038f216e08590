//! DynamoDB with the tables of the data stack.

use aws_adapters::clients;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, StreamSpecification, StreamViewType,
};
use contract::names::LEDGER_BY_COMPLETION;
use load_proxy::LoadFaults;

/// A DynamoDB of this test's own, behind a proxy that answers as AWS does under load.
#[derive(Debug)]
pub struct LocalDynamoDb {
    sdk: SdkConfig,
    faults: LoadFaults,
}

impl LocalDynamoDb {
    /// Partition `tenant`, sort `entity`, with a stream of old and new images.
    pub const IMAGE_PACK_TABLE: &str = "image-packs";
    /// Partition `tenant`, sort `target`.
    pub const INVALIDATION_QUEUE_TABLE: &str = "invalidation-queue";
    /// Partition `tenant`, sort `purge`, with the index of completed purges.
    pub const PURGE_LEDGER_TABLE: &str = "purge-ledger";
    /// Partition `tenant`, sort `variant`.
    pub const RENDER_LOCK_TABLE: &str = "render-locks";
    /// Partition `tenant`, sort `period`.
    pub const DEMAND_TABLE: &str = "demand";

    /// Starts an empty DynamoDB and creates the tables. Transactions conflict when they overlap; there are no other
    /// faults.
    ///
    /// # Panics
    /// If it cannot start; the message names the step that failed.
    pub async fn start() -> Self {
        let (listener, endpoint_url) = crate::listen().await;
        let database = dynoxide::Database::memory().expect("an empty database in memory");
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let (endpoint_url, faults) = crate::under_load(endpoint_url).await;
        faults.watch_transactions(true);
        let local = Self { sdk: crate::in_own_region(&endpoint_url), faults };
        for (table, sort_key) in [
            (Self::IMAGE_PACK_TABLE, "entity"),
            (Self::INVALIDATION_QUEUE_TABLE, "target"),
            (Self::PURGE_LEDGER_TABLE, "purge"),
            (Self::RENDER_LOCK_TABLE, "variant"),
            (Self::DEMAND_TABLE, "period"),
        ] {
            create_table(&local.client(), table, sort_key).await;
        }
        local
    }

    /// The config of its clients.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// A client of it, which retries as those of the functions do.
    #[must_use]
    pub fn client(&self) -> Client {
        clients::dynamodb(&self.sdk)
    }

    /// The faults that its clients meet.
    #[must_use]
    pub fn faults(&self) -> &LoadFaults {
        &self.faults
    }
}

async fn create_table(client: &Client, table: &str, sort_key: &str) {
    let mut request = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
    for (name, key_type) in [("tenant", KeyType::Hash), (sort_key, KeyType::Range)] {
        request = request
            .key_schema(KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().expect("both set"))
            .attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name(name)
                    .attribute_type(ScalarAttributeType::S)
                    .build()
                    .expect("both set"),
            );
    }
    if table == LocalDynamoDb::PURGE_LEDGER_TABLE {
        let completed_at = AttributeDefinition::builder().attribute_name("completedAt");
        let completed_at = completed_at.attribute_type(ScalarAttributeType::N).build().expect("both set");
        let keys = [("tenant", KeyType::Hash), ("completedAt", KeyType::Range)].map(|(name, key_type)| {
            KeySchemaElement::builder().attribute_name(name).key_type(key_type).build().expect("both set")
        });
        let all = Projection::builder().projection_type(ProjectionType::All).build();
        let index = GlobalSecondaryIndex::builder().index_name(LEDGER_BY_COMPLETION).projection(all);
        let index = index.set_key_schema(Some(keys.to_vec())).build().expect("all set");
        request = request.attribute_definitions(completed_at).global_secondary_indexes(index);
    }
    if table == LocalDynamoDb::IMAGE_PACK_TABLE {
        let stream = StreamSpecification::builder().stream_enabled(true);
        let stream = stream.stream_view_type(StreamViewType::NewAndOldImages).build().expect("both set");
        request = request.stream_specification(stream);
    }
    request.send().await.expect("CreateTable on an empty database");
}
