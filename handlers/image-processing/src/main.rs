//! The Lambda function `image-processing`: reads its configuration, builds its clients, runs.

use std::time::Duration;

use aws_adapters::config::config_value;
use aws_adapters::delivery::AwsDelivery;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::now;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::render_lock_table::RenderLockTable;
use aws_adapters::variants_bucket::VariantsBucket;
use delivery::Handler;
use domain::{Context, Timestamp};
use lambda_http::{Error, Request, RequestExt, run, service_fn, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let pack_table = config_value("IMAGE_PACK_TABLE", "dev-lof-images-data-packs")?;
    let attribute_names = config_value("IMAGE_PACK_ATTRIBUTES", r#"{"tenant": "tenant", "entity": "entity"}"#)?;
    let originals_bucket = config_value("ORIGINALS_BUCKET", "dev-lof-images-data-originals")?;
    let variants_bucket = config_value("VARIANTS_BUCKET", "dev-lof-images-data-variants")?;
    let lock_table = config_value("RENDER_LOCK_TABLE", "dev-lof-images-data-render-locks")?;
    let render_timeout = Duration::from_secs(config_value("RENDER_TIMEOUT_SECS", "15")?);
    let cache_tag_header = config_value("CACHE_TAG_HEADER", "image-cache-tag")?;
    let sdk = aws_config::load_from_env().await;
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let dynamodb = aws_sdk_dynamodb::Client::new(&sdk);
    let ports = AwsDelivery {
        packs: ImagePackTable::new(dynamodb.clone(), pack_table, attribute_names),
        originals: OriginalsBucket::new(s3.clone(), originals_bucket),
        variants: VariantsBucket::new(s3, variants_bucket),
        render_locks: RenderLockTable::new(dynamodb, lock_table, render_timeout),
    };
    let handler = Handler { ports, cache_tag_header };
    let handler = &handler;
    run(service_fn(|request: Request| async move {
        let lambda = request.lambda_context();
        let context = Context { id: lambda.request_id, now: now(), deadline: Timestamp::from_millis(lambda.deadline) };
        Ok::<_, Error>(handler.handle(&request, &context).await)
    }))
    .await
}
