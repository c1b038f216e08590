//! DynamoDB with the tables of the data stack.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, StreamSpecification,
    StreamViewType,
};

/// A DynamoDB of this test's own.
#[derive(Debug)]
pub struct LocalDynamoDb {
    sdk: SdkConfig,
}

impl LocalDynamoDb {
    /// Partition `tenant`, sort `entity`, with a stream of old and new images.
    pub const IMAGE_PACK_TABLE: &str = "image-packs";
    /// Partition `tenant`, sort `target`.
    pub const INVALIDATION_QUEUE_TABLE: &str = "invalidation-queue";
    /// Partition `tenant`, sort `purge`.
    pub const PURGE_LEDGER_TABLE: &str = "purge-ledger";
    /// Partition `tenant`, sort `variant`.
    pub const RENDER_LOCK_TABLE: &str = "render-locks";

    /// Starts an empty DynamoDB and creates the tables.
    ///
    /// # Panics
    /// If it cannot start; the message names the step that failed.
    pub async fn start() -> Self {
        let (listener, endpoint_url) = crate::listen().await;
        let database = dynoxide::Database::memory().expect("an empty database in memory");
        tokio::spawn(dynoxide::server::serve_on(listener, database));
        let local = Self { sdk: crate::sdk_config(&endpoint_url) };
        for (table, sort_key) in [
            (Self::IMAGE_PACK_TABLE, "entity"),
            (Self::INVALIDATION_QUEUE_TABLE, "target"),
            (Self::PURGE_LEDGER_TABLE, "purge"),
            (Self::RENDER_LOCK_TABLE, "variant"),
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

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.sdk)
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
    if table == LocalDynamoDb::IMAGE_PACK_TABLE {
        let stream = StreamSpecification::builder().stream_enabled(true);
        let stream = stream.stream_view_type(StreamViewType::NewAndOldImages).build().expect("both set");
        request = request.stream_specification(stream);
    }
    request.send().await.expect("CreateTable on an empty database");
}
