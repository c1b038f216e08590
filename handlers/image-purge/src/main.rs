//! The Lambda function `image-purge`: reads its configuration, builds its clients, runs.

use aws_adapters::config::config_value;
use aws_adapters::image_pack_table::ImagePackTable;
use aws_adapters::ports::purger;
use image_purge::Handler;
use lambda_http::{Error, Request, RequestExt, run, service_fn, tracing};

#[tokio::main]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let pack_table = config_value("IMAGE_PACK_TABLE", "dev-lof-images-data-packs")?;
    let attribute_names = config_value("IMAGE_PACK_ATTRIBUTES", r#"{"tenant": "tenant", "entity": "entity"}"#)?;
    let tenant_claim = config_value("TENANT_CLAIM", "tenants")?;
    let sdk = aws_config::load_from_env().await;
    let handler = Handler {
        packs: ImagePackTable::new(aws_sdk_dynamodb::Client::new(&sdk), pack_table, attribute_names),
        purger: purger(&sdk)?,
        tenant_claim,
    };
    let handler = &handler;
    run(service_fn(|request: Request| async move {
        let request_id = request.lambda_context().request_id;
        Ok::<_, Error>(handler.handle(&request, &request_id).await)
    }))
    .await
}
