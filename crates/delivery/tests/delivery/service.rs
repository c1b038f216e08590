//! Fixture: a handler with a DynamoDB and an S3 of its own, and the actions of editors and CloudFront.

use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_adapters::delivery::AwsDelivery;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::metrics_log::MetricsLog;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::render_lock_table::RenderLockTable;
use aws_adapters::variants_bucket::VariantsBucket;
use contract::TenantSource;
use delivery::ports::Ports;
use delivery::{Handler, TENANT_HEADER};
use domain::{AttributeNames, Context};
use image::{ImageFormat, Rgb, RgbImage};
use lambda_http::http::HeaderName;
use lambda_http::{Body, Response};
use serde_json::{Value, json};
use support::{LocalDynamoDb, LocalS3};

pub(crate) const RED: [u8; 3] = [220, 30, 30];
pub(crate) const GREEN: [u8; 3] = [30, 180, 30];

/// The duration of the handler's render locks: longer than any test, so that no test passes because a lock expired.
const LOCK_DURATION: Duration = Duration::from_mins(2);

/// The longest time between a read and the response that rests on it.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(2);

#[derive(Clone)]
pub(crate) struct Service {
    pub(crate) handler: Handler<AwsDelivery>,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    local_s3: Arc<LocalS3>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let dynamodb = LocalDynamoDb::start().await.client();
        let local_s3 = Arc::new(LocalS3::start().await);
        let s3 = local_s3.client();
        let ports = AwsDelivery {
            packs: ImagePackTable::new(
                dynamodb.clone(),
                LocalDynamoDb::IMAGE_PACK_TABLE.to_owned(),
                AttributeNames::default(),
            ),
            originals: OriginalsBucket::new(s3.clone(), LocalS3::ORIGINALS_BUCKET.to_owned()),
            variants: VariantsBucket::new(s3.clone(), LocalS3::VARIANTS_BUCKET.to_owned()),
            render_locks: render_locks(&dynamodb, LOCK_DURATION),
            metrics: MetricsLog::in_memory(),
            demand: None,
        };
        let cache_tag_header = HeaderName::from_static("image-cache-tag");
        let (cached_max, answer_max) = (Duration::from_hours(30 * 24), ANSWER_MAX);
        let handler = Handler { ports, tenant_source: TenantSource::Header, cache_tag_header, cached_max, answer_max };
        Self { handler, dynamodb, s3, local_s3 }
    }

    /// The service with other render locks.
    pub(crate) fn with_render_locks(&self, render_locks: RenderLockTable) -> Self {
        let handler = self.handler.clone();
        Self { handler: Handler { ports: AwsDelivery { render_locks, ..handler.ports }, ..handler }, ..self.clone() }
    }

    /// Runs `hook` after each variant is stored and before the handler continues, with the number of variants stored
    /// before. Returns the count of variants that are stored from now on.
    pub(crate) fn on_stored<F>(&self, hook: impl Fn(Self, usize) -> F + Send + Sync + 'static) -> Arc<AtomicUsize>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let count = Arc::new(AtomicUsize::new(0));
        let (service, counter) = (self.clone(), Arc::clone(&count));
        self.local_s3.on_variant_stored(move || hook(service.clone(), counter.fetch_add(1, Ordering::SeqCst)));
        count
    }

    /// Counts the variants that are stored from now on.
    pub(crate) fn count_stored(&self) -> Arc<AtomicUsize> {
        self.on_stored(|_, _| async {})
    }

    /// The number of render locks that are not released.
    pub(crate) async fn render_locks_left(&self) -> i32 {
        self.dynamodb.scan().table_name(LocalDynamoDb::RENDER_LOCK_TABLE).send().await.unwrap().count()
    }

    /// Removes an item of the image-pack table.
    pub(crate) async fn remove(&self, tenant: &str, entity: &str) {
        let delete = self.dynamodb.delete_item().table_name(LocalDynamoDb::IMAGE_PACK_TABLE);
        let delete = delete.key("tenant", serde_dynamo::to_attribute_value(tenant).unwrap());
        delete.key("entity", serde_dynamo::to_attribute_value(entity).unwrap()).send().await.unwrap();
    }

    /// Stores an original and returns it as a pack refers to it.
    pub(crate) async fn upload(&self, key: &str, bytes: Vec<u8>) -> Value {
        let put = self.s3.put_object().bucket(LocalS3::ORIGINALS_BUCKET).key(key).body(bytes.into()).send().await;
        json!({"key": key, "version": put.unwrap().version_id.unwrap()})
    }

    /// Writes an item of the image-pack table.
    pub(crate) async fn write(&self, tenant: &str, entity: &str, attributes: Value) {
        let mut item: std::collections::HashMap<_, _> = serde_dynamo::to_item(attributes).unwrap();
        item.insert("tenant".to_owned(), serde_dynamo::to_attribute_value(tenant).unwrap());
        item.insert("entity".to_owned(), serde_dynamo::to_attribute_value(entity).unwrap());
        let put = self.dynamodb.put_item().table_name(LocalDynamoDb::IMAGE_PACK_TABLE).set_item(Some(item));
        put.send().await.unwrap();
    }

    /// Writes a pack whose main location shows a new original in one colour.
    pub(crate) async fn write_pack(&self, tenant: &str, pack: &str, colour: [u8; 3]) {
        let original = self.upload(&format!("{tenant}/{pack}/main"), plain(colour)).await;
        let attributes = json!({"imageLocations": {"main": {"original": original}}, "mainImageLocation": "main"});
        self.write(tenant, &format!("pack#{pack}"), attributes).await;
    }

    /// The bytes of a variant. `None`: it is not stored.
    pub(crate) async fn stored(&self, key: &str) -> Option<Vec<u8>> {
        let object = self.s3.get_object().bucket(LocalS3::VARIANTS_BUCKET).key(key).send().await.ok()?;
        Some(object.body.collect().await.unwrap().to_vec())
    }

    /// The keys of everything that the variants bucket stores.
    pub(crate) async fn stored_keys(&self) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket(LocalS3::VARIANTS_BUCKET).send().await.unwrap();
        list.contents().iter().filter_map(|object| object.key().map(ToOwned::to_owned)).collect()
    }

    /// Stores an image in the variants bucket, as another program may.
    pub(crate) async fn put_variant(&self, key: &str, bytes: Vec<u8>) {
        let put = self.s3.put_object().bucket(LocalS3::VARIANTS_BUCKET).key(key).content_type("image/png");
        put.body(bytes.into()).send().await.unwrap();
    }

    /// Deletes a variant, as a purge does.
    pub(crate) async fn purge(&self, key: &str) {
        let target = aws_sdk_s3::types::ObjectIdentifier::builder().key(key).build().unwrap();
        let delete = aws_sdk_s3::types::Delete::builder().objects(target).build().unwrap();
        self.s3.delete_objects().bucket(LocalS3::VARIANTS_BUCKET).delete(delete).send().await.unwrap();
    }

    /// Sends a `GET` as the distribution of `tenant` does.
    pub(crate) async fn get(&self, tenant: &str, url: &str) -> Response<Body> {
        send_request(&self.handler, "GET", Some(tenant), url).await
    }

    /// Sends eight such requests at once, each to an instance of its own, and returns the responses.
    pub(crate) async fn get_in_parallel(&self, tenant: &'static str, url: &'static str) -> Vec<Response<Body>> {
        let instances: Vec<_> = (0..8)
            .map(|_| {
                let service = self.clone();
                tokio::spawn(async move { service.get(tenant, url).await })
            })
            .collect();
        let mut responses = Vec::new();
        for instance in instances {
            responses.push(instance.await.unwrap());
        }
        responses
    }
}

/// Render locks that last for `duration`.
pub(crate) fn render_locks(dynamodb: &aws_sdk_dynamodb::Client, duration: Duration) -> RenderLockTable {
    RenderLockTable::new(dynamodb.clone(), LocalDynamoDb::RENDER_LOCK_TABLE.to_owned(), duration)
}

/// Sends a request as Lambda's function URL does.
pub(crate) async fn send_request(
    handler: &Handler<impl Ports>,
    method: &str,
    tenant: Option<&str>,
    url: &str,
) -> Response<Body> {
    send(handler, &event(method, tenant, url)).await
}

/// Sends a request, and checks what is true of every response: CloudFront must not answer with an expired one when this
/// service fails.
pub(crate) async fn send(handler: &Handler<impl Ports>, event: &Value) -> Response<Body> {
    let response = handler.handle(&lambda_http::request::from_str(&event.to_string()).unwrap(), &context()).await;
    let cache_control = header(&response, "cache-control").unwrap_or_default();
    assert!(
        cache_control.contains("stale-if-error=0"),
        "{} {}: {cache_control:?}",
        response.status(),
        event["rawPath"]
    );
    response
}

/// The context of an invocation that begins now.
pub(crate) fn context() -> Context {
    let now = aws_adapters::now();
    Context { id: "request-1".to_owned(), now, deadline: now.plus(Duration::from_secs(15)) }
}

/// The event of a request to a function URL (payload format 2.0).
pub(crate) fn event(method: &str, tenant: Option<&str>, url: &str) -> Value {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let host = "abcdefghij.lambda-url.eu-west-1.on.aws";
    let mut headers = json!({"host": host, "x-forwarded-proto": "https", "user-agent": "Amazon CloudFront"});
    if let Some(tenant) = tenant {
        headers[TENANT_HEADER] = json!(tenant);
    }
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "abcdefghij",
            "domainName": host,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:19:03:58 +0000",
            "timeEpoch": 1_773_342_238_000_u64,
        },
        "isBase64Encoded": false,
    })
}

/// A PNG of 320 × 180 pixels in one colour.
pub(crate) fn plain(colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(320, 180, Rgb(colour)).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Asserts that the response is an image in one colour and of this size.
pub(crate) fn check_image(response: &Response<Body>, colour: [u8; 3], size: (u32, u32)) {
    assert_eq!(response.status(), 200, "{:?}", String::from_utf8_lossy(response.body()));
    let image = image::load_from_memory(response.body()).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), size);
    for Rgb(pixel) in image.pixels() {
        assert!(pixel.iter().zip(colour).all(|(actual, expected)| actual.abs_diff(expected) < 10), "{pixel:?}");
    }
}

pub(crate) fn header<'a>(response: &'a Response<Body>, name: &str) -> Option<&'a str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// The key under which the image of `response` is stored; `place` is tenant, pack and location.
pub(crate) fn key(place: &str, response: &Response<Body>) -> String {
    format!("{place}/{}", header(response, "image-fingerprint").unwrap())
}
