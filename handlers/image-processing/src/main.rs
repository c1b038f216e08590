//! The Lambda function `image-processing`: reads its config, builds its clients, runs.

use std::time::Duration;

use aws_adapters::clients;
use aws_adapters::delivery::AwsDelivery;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::now;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::render_lock_table::RenderLockTable;
use aws_adapters::variants_bucket::VariantsBucket;
use contract::functions::ImageProcessing;
use delivery::Handler;
use domain::{Context, Timestamp};
use lambda_http::{Error, Request, RequestExt, run, service_fn, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImageProcessing::from_env()?;
    let render_timeout = Duration::from_secs(config.render_timeout_secs.into());
    let sdk = aws_config::load_from_env().await;
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let dynamodb = clients::dynamodb(&sdk);
    let cache_tag_header = config.cache_tag_header.as_str().parse()?;
    let ports = AwsDelivery {
        packs: ImagePackTable::new(dynamodb.clone(), config.image_packs.table, config.image_packs.attributes),
        originals: OriginalsBucket::new(s3.clone(), config.originals_bucket),
        variants: VariantsBucket::new(s3, config.variants_bucket),
        render_locks: RenderLockTable::new(dynamodb, config.render_lock_table, render_timeout),
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
