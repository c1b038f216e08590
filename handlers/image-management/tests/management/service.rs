//! Fixture: a handler with a DynamoDB and an S3 of its own, and observations of them.

use std::collections::{BTreeSet, HashMap};
use std::io::Cursor;
use std::time::Duration;

use aws_adapters::managed_items::ManagedItems;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use aws_sdk_dynamodb::types::AttributeValue;
use contract::Authorizer;
use domain::change::detection::{Reason, Record, detect_change};
use domain::change::item_key::item_key;
use domain::{AttributeNames, Context, Timestamp};
use image::{ImageFormat, Rgb, RgbImage};
use image_management::Handler;
use image_management::fetch::{ExemptHosts, FetchLimits, Fetcher};
use serde_json::{Map, Value, json};
use support::{LocalDynamoDb, LocalS3};

use crate::request::{ApiRequest, ApiResponse};

/// The contact that `fetchImage` names to servers.
const CONTACT: &str = "https://images.example.com/fetcher";
const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

pub(crate) struct Service {
    pub(crate) handler: Handler,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) dynamodb_url: String,
    s3: aws_sdk_s3::Client,
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::fetching(ExemptHosts::default(), FetchLimits::default()).await
    }

    /// A service with these exempt hosts and limits.
    pub(crate) async fn fetching(exempt_hosts: ExemptHosts, limits: FetchLimits) -> Self {
        let local = LocalDynamoDb::start().await;
        let (dynamodb, dynamodb_url) = (local.client(), local.sdk_config().endpoint_url().unwrap().to_owned());
        let s3 = LocalS3::start().await.client();
        let handler = Handler {
            items: items(&dynamodb, AttributeNames::default()),
            originals: OriginalsBucket::new(s3.clone(), LocalS3::ORIGINALS_BUCKET.to_owned()),
            uploads: UploadArea::new(s3.clone(), LocalS3::ORIGINALS_BUCKET.to_owned()),
            fetcher: Fetcher::new(exempt_hosts, limits, CONTACT.parse().unwrap()),
            authorizer: Authorizer::Jwt { tenant_claim: "tenants".to_owned() },
        };
        Self { handler, dynamodb, dynamodb_url, s3 }
    }

    /// A service whose pack `cat` of `acme` shows an image of 320 × 180 pixels at `main`. Revision 2.
    pub(crate) async fn with_cat() -> Self {
        let service = Self::start().await;
        service.put_cat().await;
        service
    }

    pub(crate) async fn put_cat(&self) {
        self.send(ApiRequest::new("POST", "/imagePacks").json(&json!({"imagePackId": "cat"}))).await.ok(201);
        self.send(ApiRequest::new("PUT", "/imagePacks/cat/imageLocations/main/original").binary(png(320, 180)))
            .await
            .ok(200);
    }

    pub(crate) async fn send(&self, request: ApiRequest) -> ApiResponse {
        let context = context(&uuid::Uuid::new_v4().to_string());
        ApiResponse::of(&self.handler.handle(&request.into_lambda(), &context).await)
    }

    pub(crate) async fn get(&self, url: &str) -> ApiResponse {
        self.send(ApiRequest::new("GET", url)).await
    }

    /// Sends a write to the item `entity` of `acme`. Returns the response and the reasons for which the stream handler
    /// would purge.
    pub(crate) async fn write(&self, entity: &str, request: ApiRequest) -> (ApiResponse, Vec<Reason>) {
        let old = self.item(entity).await;
        let response = self.send(request).await;
        let new = self.item(entity).await;
        if old == new {
            return (response, Vec::new());
        }
        let typed = |image| serde_json::from_value(image).unwrap();
        let [old, new] = [old, new].map(|image| image.map(|image| typed(Value::Object(image))));
        let (tenant, target) = item_key(Some("acme"), Some(entity)).unwrap();
        let change = detect_change(&Record { tenant, target, old, new }, &BTreeSet::new()).unwrap();
        (response, change.map(|change| change.reasons).unwrap_or_default())
    }

    /// Checks that `request` is rejected like this and that no item and no object changed.
    pub(crate) async fn check_rejected(
        &self,
        request: ApiRequest,
        status: u16,
        code: &str,
        message: &str,
    ) -> ApiResponse {
        let before = (self.items().await, self.objects().await);
        let response = self.send(request).await;
        response.check_error(status, code, message);
        assert_eq!((self.items().await, self.objects().await), before, "{}", response.body);
        response
    }

    /// An item of `acme` as DynamoDB writes it.
    pub(crate) async fn item(&self, entity: &str) -> Option<Map<String, Value>> {
        let key = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
        let key = HashMap::from([key("tenant", "acme"), key("entity", entity)]);
        let get = self.dynamodb.get_item().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).set_key(Some(key));
        get.consistent_read(true).send().await.unwrap().item.map(|item| image(&item))
    }

    /// Every item of the table, sorted.
    pub(crate) async fn items(&self) -> Vec<String> {
        let scan = self.dynamodb.scan().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).send().await.unwrap();
        let mut items: Vec<_> = scan.items().iter().map(|item| json!(image(item)).to_string()).collect();
        items.sort();
        items
    }

    /// Writes an item of `acme` as another writer of the table does.
    pub(crate) async fn put_item(&self, entity: &str, attributes: Value) {
        let mut item: HashMap<_, _> = serde_dynamo::to_item(attributes).unwrap();
        item.insert("tenant".to_owned(), AttributeValue::S("acme".to_owned()));
        item.insert("entity".to_owned(), AttributeValue::S(entity.to_owned()));
        let put = self.dynamodb.put_item().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).set_item(Some(item));
        put.send().await.unwrap();
    }

    /// Every version of every object of the originals bucket.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket(LocalS3::ORIGINALS_BUCKET).send().await.unwrap();
        list.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    /// Stores an object as another writer of the bucket does.
    pub(crate) async fn put_object(&self, key: &str, bytes: Vec<u8>) -> Value {
        let put = self.s3.put_object().bucket(LocalS3::ORIGINALS_BUCKET).key(key).body(bytes.into()).send().await;
        json!({"key": key, "version": put.unwrap().version_id.unwrap()})
    }

    /// The bytes of an original that a pack names.
    pub(crate) async fn version(&self, original: &Value) -> Option<Vec<u8>> {
        let get = self.s3.get_object().bucket(LocalS3::ORIGINALS_BUCKET).key(original["key"].as_str().unwrap());
        let object = get.version_id(original["version"].as_str().unwrap()).send().await.ok()?;
        Some(object.body.collect().await.unwrap().to_vec())
    }

    /// Returns whether an object exists and is not deleted.
    pub(crate) async fn has(&self, key: &Value) -> bool {
        let get = self.s3.get_object().bucket(LocalS3::ORIGINALS_BUCKET).key(key.as_str().unwrap());
        get.send().await.is_ok()
    }
}

/// The context of an invocation at [`NOW`].
pub(crate) fn context(id: &str) -> Context {
    Context { id: id.to_owned(), now: NOW, deadline: NOW.plus(Duration::from_secs(30)) }
}

/// The table, with attributes called `names`.
pub(crate) fn items(dynamodb: &aws_sdk_dynamodb::Client, names: AttributeNames) -> ManagedItems {
    ManagedItems::new(dynamodb.clone(), LocalDynamoDb::IMAGE_PACK_TABLE.to_owned(), names)
}

/// A PNG of this size in pixels.
pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb([220, 30, 30])).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn image(item: &HashMap<String, AttributeValue>) -> Map<String, Value> {
    let mut names: Vec<_> = item.iter().map(|(name, value)| (name.clone(), in_stream(value))).collect();
    names.sort_by(|(one, _), (other, _)| one.cmp(other));
    names.into_iter().collect::<Map<_, _>>()
}

/// A value as the stream writes it.
fn in_stream(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!({"S": text}),
        AttributeValue::N(number) => json!({"N": number}),
        AttributeValue::M(map) => json!({"M": image(map)}),
        AttributeValue::Bool(value) => json!({"BOOL": value}),
        AttributeValue::Null(value) => json!({"NULL": value}),
        other => panic!("{other:?}"),
    }
}
