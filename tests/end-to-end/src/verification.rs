//! `imagecache verify` against the local deployment: as it is deployed, and with defects that it must find.

use local_cloud::LocalCloud;
use local_cloud::cause::Cause;
use local_cloud::report::{Report, StepError};
use recovery::{Installation, read_installation};

use crate::defects::{self, OtherTagHeader};
use crate::imagecache::{self, ENVIRONMENT, Ended};
use crate::switches;
use local_cloud::clients::sdk_config;
use local_cloud::expectation::expect_eq;

/// The tenant with the defects, and the other one.
const TENANT: &str = "acme";
const OTHER: &str = "globex";

/// Verifies the deployment, breaks it in several ways, and verifies it again.
pub(crate) async fn play(cloud: &LocalCloud, report: &Report) -> Result<(), StepError> {
    let installation = async { Ok((installation(cloud).await?, String::new())) };
    let installation = &report.step("the parameter of the operators is read", installation).await?;
    let name = "imagecache verify finds that the alarms reach no operator";
    report.check(name, without_subscription(cloud)).await?;
    report.check("imagecache verify holds when the topic has a subscriber", as_deployed(cloud, installation)).await?;
    let name = "imagecache verify finds a disabled schedule, a disabled stream and a tenant without a registration";
    report.check(name, switched_off(cloud, installation)).await?;
    report.check("imagecache verify finds a wrong distribution", wrong_distribution(cloud)).await?;
    report.check("imagecache verify finds missing tags", missing_tags(cloud, installation)).await?;
    report.check("imagecache verify finds a missing grant", missing_grant(cloud)).await?;
    report.check("imagecache verify holds when everything is mended", mended(cloud)).await
}

/// The names that the pipeline stack registers for `imagecache`.
pub(crate) async fn installation(cloud: &LocalCloud) -> Result<Installation, Cause> {
    let ministack = &cloud.parts.ministack;
    let sdk = sdk_config(&ministack.certificate().aws_client()?, &ministack.endpoint());
    Ok(read_installation(&aws_sdk_ssm::Client::new(&sdk), ENVIRONMENT).await?)
}

/// Verifies `tenants`, or all of them.
async fn verify(cloud: &LocalCloud, tenants: &[&str]) -> Result<Ended, Cause> {
    let emulator = cloud.parts.emulator.endpoint_url();
    let mut arguments = vec!["verify", "--viewer-endpoint", &emulator];
    arguments.extend(tenants.iter().flat_map(|tenant| ["--tenant", tenant]));
    imagecache::run(cloud, &arguments).await
}

async fn without_subscription(cloud: &LocalCloud) -> Result<String, Cause> {
    let ended = verify(cloud, &[OTHER]).await?;
    Ok(ended.expect(false, &["FAILED  pipeline: the alarms' topic has subscribers", "1 failed"])?.text)
}

async fn as_deployed(cloud: &LocalCloud, installation: &Installation) -> Result<String, Cause> {
    defects::subscribe(cloud, installation).await?;
    let ended = verify(cloud, &[]).await?;
    Ok(ended.expect(true, &["ok      acme: an edit is purged", "ok      globex: an edit is purged", " 0 failed"])?.text)
}

/// Switches off the schedule and the delivery of the stream. No tenant is probed meanwhile: its edit would wait.
async fn switched_off(cloud: &LocalCloud, installation: &Installation) -> Result<String, Cause> {
    switches::schedule(cloud, installation, false).await?;
    switches::stream(cloud, installation, false).await?;
    let ended = verify(cloud, &["nowhere"]).await;
    switches::stream(cloud, installation, true).await?;
    switches::schedule(cloud, installation, true).await?;
    let schedule = format!(
        "FAILED  pipeline: the schedule starts purge runs: schedule {} is DISABLED instead of ENABLED",
        installation.schedule_name
    );
    let stream = format!(
        "FAILED  pipeline: the table's stream is delivered: mapping {} is Disabled instead of Enabled",
        installation.stream_mapping_id
    );
    let tenant = "FAILED  nowhere: the tenant is registered: the tenant is not registered";
    Ok(ended?.expect(false, &[&schedule, &stream, tenant, "3 failed"])?.text)
}

/// Registers another tenant's distribution.
async fn wrong_distribution(cloud: &LocalCloud) -> Result<String, Cause> {
    defects::register(cloud, TENANT, OTHER).await?;
    let ended = verify(cloud, &[TENANT]).await;
    defects::register(cloud, TENANT, TENANT).await?;
    let found = ["FAILED  acme: the distribution serves the tenant's host", "FAILED  acme: an edit is purged"];
    Ok(ended?.expect(false, &found)?.text)
}

/// Moves the alias of image-processing to a version that sends its tags in another header.
async fn missing_tags(cloud: &LocalCloud, installation: &Installation) -> Result<String, Cause> {
    let other = OtherTagHeader::send(cloud, installation).await?;
    let ended = verify(cloud, &[TENANT]).await;
    other.mend().await?;
    let found = ["FAILED  acme: an image carries its cache tags", "FAILED  acme: an edit is purged"];
    Ok(ended?.expect(false, &found)?.text)
}

/// Takes the tag that grants to purge it from a distribution.
async fn missing_grant(cloud: &LocalCloud) -> Result<String, Cause> {
    cloud.tag_distribution(TENANT, Some("another")).await?;
    let ended = verify(cloud, &[TENANT]).await;
    cloud.tag_distribution(TENANT, None).await?;
    let found = ["FAILED  acme: an edit is purged", "CloudFront does not accept the invalidation", "grant"];
    Ok(ended?.expect(false, &found)?.text)
}

/// Verifies once more; then nothing of any probe may be left.
async fn mended(cloud: &LocalCloud) -> Result<String, Cause> {
    let text = verify(cloud, &[TENANT]).await?.expect(true, &["ok      acme: an edit is purged"])?.text;
    let observer = cloud.observer()?;
    let written = observer.everything_written().await?;
    let names = written.iter().filter_map(|item| item.get("entity")?.as_s().ok());
    let packs: Vec<_> = names.filter(|entity| entity.contains("imagecache-verify")).collect();
    expect_eq("the packs of probes that are left", &packs, &vec![])?;
    let list = observer.clients.s3.list_object_versions().bucket(&observer.originals_bucket);
    let listed = list.send().await.map_err(aws_sdk_s3::Error::from)?;
    let keys: Vec<_> = listed.versions().iter().filter_map(|version| version.key()).collect();
    let originals: Vec<_> = keys.into_iter().filter(|key| key.contains("imagecache-verify")).collect();
    expect_eq("the originals of probes that are left", &originals, &vec![])?;
    Ok(text)
}
