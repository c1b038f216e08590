//! The Lambda function `image-management`: reads its config, builds its clients, runs.

use aws_adapters::clients;
use aws_adapters::managed_items::ManagedItems;
use aws_adapters::now;
use aws_adapters::originals_bucket::OriginalsBucket;
use aws_adapters::upload_area::UploadArea;
use contract::functions::ImageManagement;
use domain::{Context, Timestamp};
use image_management::Handler;
use image_management::fetch::{ExemptHosts, FetchLimits, Fetcher};
use lambda_http::{Error, Request, RequestExt, tracing};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    tracing::init_default_subscriber();
    let ImageManagement { image_packs, originals_bucket, authorizer, fetch_contact } = ImageManagement::from_env()?;
    let sdk = clients::sdk_config().await;
    let s3 = aws_sdk_s3::Client::new(&sdk);
    let handler = Handler {
        items: ManagedItems::new(clients::dynamodb(&sdk), image_packs.table, image_packs.attributes),
        originals: OriginalsBucket::new(s3.clone(), originals_bucket.clone()),
        uploads: UploadArea::new(s3, originals_bucket),
        fetcher: Fetcher::new(exempt_hosts()?, FetchLimits::default(), fetch_contact),
        authorizer,
    };
    let handler = &handler;
    http_api::run(|request: Request| async move {
        let lambda = request.lambda_context();
        let context = Context { id: lambda.request_id, now: now(), deadline: Timestamp::from_millis(lambda.deadline) };
        handler.handle(&request, &context).await
    })
    .await
}

/// The hosts that a local deployment may fetch from although they are not public.
#[cfg(debug_assertions)]
fn exempt_hosts() -> Result<ExemptHosts, Error> {
    use contract::ConfigError;
    use contract::functions::LocalFetch;

    match LocalFetch::from_env() {
        Ok(local) => Ok(local.fetch_exempt_hosts.parse()?),
        Err(ConfigError::Missing { .. }) => Ok(ExemptHosts::default()),
        Err(error) => Err(error.into()),
    }
}

/// No host is exempt from the checks in a release build.
#[cfg(not(debug_assertions))]
fn exempt_hosts() -> Result<ExemptHosts, Error> {
    Ok(ExemptHosts::default())
}
