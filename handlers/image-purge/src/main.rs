//! The Lambda function `image-purge`: reads its config, builds its clients, runs.

use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::ports::purger;
use contract::functions::ImagePurge;
use image_purge::Handler;
use lambda_http::{Error, Request, RequestExt, run, service_fn, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let ImagePurge { purging, image_packs, tenant_claim } = ImagePurge::from_env()?;
    let sdk = aws_config::load_from_env().await;
    let handler = Handler {
        packs: ImagePackTable::new(aws_sdk_dynamodb::Client::new(&sdk), image_packs.table, image_packs.attributes),
        purger: purger(&sdk, purging),
        tenant_claim,
    };
    let handler = &handler;
    run(service_fn(|request: Request| async move {
        let request_id = request.lambda_context().request_id;
        Ok::<_, Error>(handler.handle(&request, &request_id).await)
    }))
    .await
}
