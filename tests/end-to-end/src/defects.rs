//! Defects of the deployment that `imagecache` must find. Each function makes one or mends it.

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::ministack::{ACCOUNT, REGION};
use local_cloud::root_call::elements;
use recovery::Installation;
use reqwest::Method;
use serde_json::{Value, json};

use crate::imagecache::ENVIRONMENT;

/// The variable of image-processing with the name of the cache-tag header.
const CACHE_TAG_HEADER: &str = "CACHE_TAG_HEADER";

/// Registers the distribution of `distribution_of` for `tenant`.
pub(crate) async fn register(cloud: &LocalCloud, tenant: &str, distribution_of: &str) -> Result<(), Cause> {
    let registration = json!(cloud.tenant(distribution_of)?.distribution);
    let parameter = json!({
        "Name": format!("/{ENVIRONMENT}-lof/images/tenants/{tenant}"),
        "Value": registration.to_string(),
        "Type": "String",
        "Overwrite": true,
    });
    cloud.parts.root.json("ssm", "AmazonSSM.PutParameter", &parameter).await.map(drop)
}

/// Subscribes the dead-letter queue to the topics of the alarms, because the local environment names no operator.
pub(crate) async fn subscribe(cloud: &LocalCloud, installation: &Installation) -> Result<(), Cause> {
    let queue = installation.dead_letter_queue_url.rsplit('/').next().unwrap_or_default();
    let endpoint = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}");
    for topic in &installation.alarm_topic_arns {
        let subscription = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", &endpoint)];
        cloud.parts.root.query("sns", "Subscribe", &subscription).await?;
    }
    Ok(())
}

/// Removes every subscription of the topics of the alarms.
pub(crate) async fn unsubscribe(cloud: &LocalCloud, installation: &Installation) -> Result<(), Cause> {
    for topic in &installation.alarm_topic_arns {
        let listed = cloud.parts.root.query("sns", "ListSubscriptionsByTopic", &[("TopicArn", topic)]).await?;
        for arn in elements(&listed, "SubscriptionArn") {
            cloud.parts.root.query("sns", "Unsubscribe", &[("SubscriptionArn", arn)]).await?;
        }
    }
    Ok(())
}

/// An alias of image-processing that has been moved to a version with another cache-tag header.
pub(crate) struct OtherTagHeader<'a> {
    cloud: &'a LocalCloud,
    /// `/2015-03-31/functions/<name>`
    function: String,
    alias: String,
    /// The variables and the version of before.
    deployed: Value,
    version: Value,
}

impl<'a> OtherTagHeader<'a> {
    pub(crate) async fn send(cloud: &'a LocalCloud, installation: &Installation) -> Result<Self, Cause> {
        let parts: Vec<_> = installation.image_processing_arn.split(':').collect();
        let [.., name, alias] = parts[..] else { return Err("the ARN of image-processing has no alias".into()) };
        let function = format!("/2015-03-31/functions/{name}");
        let alias = format!("{function}/aliases/{alias}");
        let call = async |method: Method, path: &str, body: Option<&Value>| {
            cloud.parts.root.rest("lambda", method, path, body).await
        };
        let configuration = format!("{function}/configuration");
        let deployed = call(Method::GET, &configuration, None).await?["Environment"].clone();
        let version = call(Method::GET, &alias, None).await?["FunctionVersion"].clone();
        let mut broken = deployed.clone();
        broken["Variables"][CACHE_TAG_HEADER] = json!("another-header");
        call(Method::PUT, &configuration, Some(&json!({"Environment": broken}))).await?;
        let versions = format!("{function}/versions");
        let published = call(Method::POST, &versions, Some(&json!({}))).await?["Version"].clone();
        call(Method::PUT, &alias, Some(&json!({"FunctionVersion": published}))).await?;
        Ok(Self { cloud, function, alias, deployed, version })
    }

    pub(crate) async fn mend(self) -> Result<(), Cause> {
        let Self { cloud, function, alias, deployed, version } = self;
        let configuration = format!("{function}/configuration");
        let put = async |path: &str, body: Value| cloud.parts.root.rest("lambda", Method::PUT, path, Some(&body)).await;
        put(&configuration, json!({"Environment": deployed})).await?;
        put(&alias, json!({"FunctionVersion": version})).await.map(drop)
    }
}
