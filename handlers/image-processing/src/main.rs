//! The Lambda function `image-processing`: reads its config, builds its clients, runs.

use std::sync::Arc;
use std::time::Duration;

use aws_adapters::clients;
use aws_adapters::delivery::AwsDelivery;
use aws_adapters::demand_table::{DemandCounter, DemandTable};
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::metrics_log::MetricsLog;
use aws_adapters::now;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::render_lock_table::RenderLockTable;
use aws_adapters::variants_bucket::VariantsBucket;
use contract::functions::ImageProcessing;
use delivery::Handler;
use domain::{Context, Timestamp};
use lambda_http::{Error, Request, RequestExt, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImageProcessing::from_env()?;
    let render_timeout = Duration::from_secs(config.render_timeout_secs.into());
    let sdk = clients::sdk_config().await;
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let dynamodb = clients::dynamodb(&sdk);
    let demand = config.demand_table.0.map(|table| DemandTable::new(dynamodb.clone(), table));
    let demand = demand.map(|table| Arc::new(DemandCounter::new(table)));
    let cache_tag_header = config.cache_tag_header.as_str().parse()?;
    let ports = AwsDelivery {
        packs: ImagePackTable::new(dynamodb.clone(), config.image_packs.table, config.image_packs.attributes),
        originals: OriginalsBucket::new(s3.clone(), config.originals_bucket),
        variants: VariantsBucket::new(s3, config.variants_bucket),
        render_locks: RenderLockTable::new(dynamodb, config.render_lock_table, render_timeout),
        metrics: MetricsLog::new(config.environment),
        demand: demand.clone(),
    };
    let cached_max = Duration::from_hours(24 * u64::from(config.cached_days_max));
    let answer_max = Duration::from_secs(config.answer_max_secs.into());
    let handler = Handler { ports, tenant_source: config.tenant_source, cache_tag_header, cached_max, answer_max };
    let (handler, demand) = (&handler, &demand);
    http_api::run(|request: Request| async move {
        let lambda = request.lambda_context();
        let context = Context { id: lambda.request_id, now: now(), deadline: Timestamp::from_millis(lambda.deadline) };
        // Before the image's data are read: a response must leave soon after.
        if let Some(demand) = demand {
            demand.store(context.now).await;
        }
        handler.handle(&request, &context).await
    })
    .await
}
