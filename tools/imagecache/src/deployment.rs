//! The deployed resources, as AWS has them now: variables of functions, tags, the dead-letter queue, the time.

use std::time::Duration;

use aws_adapters::{CallError, call_error, now, sdk_error};
use aws_sdk_sqs::types::QueueAttributeName;
use contract::functions::ImageProcessing;
use contract::names::{Distribution, ENVIRONMENT_TAG};
use domain::Timestamp;
use reqwest::header::DATE;

use crate::session::Session;

/// The service whose clock is read, which answers every request. Its address can be overridden as for the SDK.
const CLOCK_ENDPOINT: &str = "AWS_ENDPOINT_URL_STS";

/// The time limit of a reading of the clock.
const CLOCK_READ_WITHIN: Duration = Duration::from_secs(10);

/// A reading of AWS's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockReading {
    /// The time by AWS, rounded down to the second.
    pub(crate) aws: Timestamp,
    /// The time by this machine before the request and after it.
    pub(crate) before: Timestamp,
    pub(crate) after: Timestamp,
}

/// The config of image-processing, from its variables.
pub(crate) async fn image_processing(session: &Session) -> Result<ImageProcessing, CallError> {
    let function = &session.installation.image_processing_arn;
    let action = || format!("reading the variables of function {function}");
    let get = aws_sdk_lambda::Client::new(&session.sdk).get_function_configuration().function_name(function);
    let config = get.send().await.map_err(|error| sdk_error(action(), error))?;
    let variables = config.environment.and_then(|environment| environment.variables).unwrap_or_default();
    ImageProcessing::read(&|name| variables.get(name).cloned()).map_err(|error| call_error(action(), error))
}

/// The number of dead letters.
pub(crate) async fn dead_letters(session: &Session) -> Result<u64, CallError> {
    let url = &session.installation.dead_letter_queue_url;
    let name = QueueAttributeName::ApproximateNumberOfMessages;
    let get =
        aws_sdk_sqs::Client::new(&session.sdk).get_queue_attributes().queue_url(url).attribute_names(name.clone());
    let got = get.send().await.map_err(|error| sdk_error(format!("reading the attributes of {url}"), error))?;
    let count = got.attributes.and_then(|mut attributes| attributes.remove(&name));
    Ok(count.and_then(|count| count.parse().ok()).unwrap_or_default())
}

/// The tag of a tenant's distribution that names its environment and grants to purge it.
pub(crate) async fn environment_tag(session: &Session, registered: &Distribution) -> Result<Option<String>, CallError> {
    let (kind, id) = match &registered.distribution_tenant_id {
        None => ("distribution", &registered.distribution_id),
        Some(tenant) => ("distribution-tenant", tenant),
    };
    // arn:<partition>:lambda:<region>:<account>:…
    let function: Vec<_> = session.installation.image_invalidation_arn.split(':').collect();
    let [_, partition, _, _, account, ..] = function[..] else { return Ok(None) };
    let arn = format!("arn:{partition}:cloudfront::{account}:{kind}/{id}");
    let list = aws_sdk_cloudfront::Client::new(&session.sdk).list_tags_for_resource().resource(&arn);
    let listed = list.send().await.map_err(|error| sdk_error(format!("reading the tags of {arn}"), error))?;
    let tags = listed.tags.and_then(|tags| tags.items).unwrap_or_default();
    Ok(tags.into_iter().find(|tag| tag.key == ENVIRONMENT_TAG).and_then(|tag| tag.value))
}

/// Reads AWS's clock.
pub(crate) async fn clock(session: &Session) -> Result<ClockReading, CallError> {
    let region = session.sdk.region().map_or("us-east-1", |region| region.as_ref());
    let configured = std::env::var(CLOCK_ENDPOINT).ok().or_else(|| session.sdk.endpoint_url().map(ToOwned::to_owned));
    let url = configured.unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com"));
    let action = || format!("reading the time of {url}");
    let client = reqwest::Client::builder().timeout(CLOCK_READ_WITHIN).redirect(reqwest::redirect::Policy::none());
    let client = client.build().map_err(|error| call_error(action(), error))?;
    let before = now();
    let response = client.head(&url).send().await.map_err(|error| call_error(action(), error))?;
    let after = now();
    let date = response.headers().get(DATE).and_then(|date| date.to_str().ok()).unwrap_or_default();
    let aws = jiff::fmt::rfc2822::parse(date).map_err(|error| call_error(action(), error))?.timestamp();
    let aws = Timestamp::from_millis(u64::try_from(aws.as_millisecond()).unwrap_or_default());
    Ok(ClockReading { aws, before, after })
}
