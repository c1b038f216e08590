//! The Lambda function `image-purge`: reads its config, builds its clients, runs.

use aws_adapters::clients;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::now;
use aws_adapters::ports::purger;
use contract::functions::ImagePurge;
use domain::{Context, Timestamp};
use image_purge::Handler;
use lambda_http::{Error, Request, RequestExt, run, service_fn, tracing};
use purging::manual_purge::ManualPurge;

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let ImagePurge { purging, image_packs, tenant_claim } = ImagePurge::from_env()?;
    let sdk = aws_config::load_from_env().await;
    let manual_purge = ManualPurge {
        packs: ImagePackTable::new(clients::dynamodb(&sdk), image_packs.table, image_packs.attributes),
        purger: purger(&sdk, purging),
    };
    let handler = &Handler { manual_purge, tenant_claim };
    run(service_fn(|request: Request| async move {
        let lambda = request.lambda_context();
        let deadline = Timestamp::from_millis(lambda.deadline);
        let context = Context { id: lambda.request_id, now: now(), deadline };
        Ok::<_, Error>(handler.handle(&request, &context).await)
    }))
    .await
}
