//! The Lambda function `image-management`: reads its configuration, builds its clients, runs.

use aws_adapters::config::config_value;
use aws_adapters::managed_items::ManagedItems;
use aws_adapters::now;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use domain::{Context, Timestamp};
use image_management::Handler;
use image_management::fetch::{FetchLimits, Fetcher};
use lambda_http::{Error, Request, RequestExt, run, service_fn, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let pack_table = config_value("IMAGE_PACK_TABLE", "dev-lof-images-data-packs")?;
    let attribute_names = config_value("IMAGE_PACK_ATTRIBUTES", r#"{"tenant": "tenant", "entity": "entity"}"#)?;
    let originals_bucket: String = config_value("ORIGINALS_BUCKET", "dev-lof-images-data-originals")?;
    let tenant_claim = config_value("TENANT_CLAIM", "tenants")?;
    let exempt_hosts = config_value("FETCH_EXEMPT_HOSTS", "none")?;
    let sdk = aws_config::load_from_env().await;
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let handler = Handler {
        items: ManagedItems::new(aws_sdk_dynamodb::Client::new(&sdk), pack_table, attribute_names),
        originals: OriginalsBucket::new(s3.clone(), originals_bucket.clone()),
        uploads: UploadArea::new(s3, originals_bucket),
        fetcher: Fetcher::new(exempt_hosts, FetchLimits::default())?,
        tenant_claim,
    };
    let handler = &handler;
    run(service_fn(|request: Request| async move {
        let lambda = request.lambda_context();
        let context = Context { id: lambda.request_id, now: now(), deadline: Timestamp::from_millis(lambda.deadline) };
        Ok::<_, Error>(handler.handle(&request, &context).await)
    }))
    .await
}
