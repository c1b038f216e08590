//! The Lambda function `image-purge`: reads its config, builds its clients, runs.

use aws_adapters::clients;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::now;
use aws_adapters::ports::purger;
use aws_adapters::purge_run_function::PurgeRunFunction;
use contract::functions::ImagePurge;
use domain::access::allowance::AllowanceLimit;
use domain::{Context, Timestamp};
use image_purge::Handler;
use lambda_http::{Error, Request, RequestExt, tracing};
use purging::manual_purge::ManualPurge;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let config = ImagePurge::from_env()?;
    let ImagePurge { purging, image_packs, purge_run_function, authorizer, .. } = config;
    let sdk = clients::sdk_config().await;
    let manual_purge = ManualPurge {
        packs: ImagePackTable::new(clients::dynamodb(&sdk), image_packs.table, image_packs.attributes),
        purger: purger(&sdk, purging),
        purge_runs: PurgeRunFunction::new(&sdk, purge_run_function),
        limit: AllowanceLimit { per_minute: config.manual_purges_per_minute, burst: config.manual_purges_burst },
    };
    let handler = &Handler { manual_purge, authorizer };
    http_api::run(|request: Request| async move {
        let lambda = request.lambda_context();
        let deadline = Timestamp::from_millis(lambda.deadline);
        let context = Context { id: lambda.request_id, now: now(), deadline };
        handler.handle(&request, &context).await
    })
    .await
}
