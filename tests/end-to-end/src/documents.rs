//! Commands of the documents, run as they are written, with the addresses of the local deployment.

use std::path::Path;
use std::time::Duration;

use documents::commands;
use local_cloud::LocalCloud;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{expect_eq, wait_for};
use local_cloud::observer::described;
use local_cloud::report::{Report, StepError};
use tokio::process::Command;

use crate::imagecache::ENVIRONMENT;

/// The addresses in the documents.
const API: &str = "https://manage.api.eu-west-1.vmnd.tv/dev-lof";
const IMAGES: &str = "https://acme.image-service.eu-west-1.vmnd.tv";
/// The image in the documents' examples.
const TENANT: &str = "acme";
const PACK: &str = "cat";
const LOCATION: &str = "main";
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The time limit for the purges that the commands begin.
const PURGED_WITHIN: Duration = Duration::from_secs(150);

/// Plays the commands. The deployment is as its environment's file says.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    report: &Report,
) -> Result<(), StepError> {
    report.check("the curl commands of the documents succeed", curl(cloud)).await?;
    let name = "cdk diff and cdk drift of the documents find no difference";
    report.check(name, cdk(cloud, checkout, run_dir, report)).await
}

async fn curl(cloud: &LocalCloud) -> Result<String, Cause> {
    cloud.management_api(TENANT)?.ensure_image(PACK, LOCATION).await?;
    let (api, certificate) = (cloud.admin_api()?, cloud.parts.ministack.certificate());
    let images = cloud.tenant(TENANT)?.viewer.url(PACK, None);
    let images = images.split_once("/api/").map_or(images.as_str(), |(base, _)| base);
    let token = cloud.token(&[TENANT], TOKEN_VALID_FOR)?;
    // No name of the local deployment is in the DNS.
    let resolved = [api.url(), images].map(|url| format!("--resolve {}:127.0.0.1", authority(url))).join(" ");
    let mut succeeded = Vec::new();
    for command in commands().into_iter().filter(|command| command.words[0] == "curl" && !command.is_mention) {
        let text = command.text.replace(API, api.url()).replace(IMAGES, images).replace("<imagePackId>", PACK);
        let script = format!("{text} --fail --show-error --noproxy '*' {resolved}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).env("TOKEN", &token).env("CURL_CA_BUNDLE", certificate.path());
        let output = shell.kill_on_drop(true).output().await.context("sh could not be run")?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr);
            return Err(format!("{}: `{script}` failed ({}): {}", command.place, output.status, error.trim()).into());
        }
        succeeded.push(format!("{}: {}", command.place, command.text));
    }
    expect_eq("whether the documents have curl commands", &succeeded.is_empty(), &false)?;
    let observer = cloud.observer()?;
    wait_for("an empty queue", PURGED_WITHIN, async || {
        let queue = observer.queue().await?;
        Ok(if queue.is_empty() { Ok(()) } else { Err(described(&queue)) })
    })
    .await?;
    Ok(succeeded.join("\n"))
}

async fn cdk(cloud: &LocalCloud, checkout: &Checkout, run_dir: &Path, report: &Report) -> Result<String, Cause> {
    let cdk = cloud.parts.cdk(checkout, run_dir);
    let environments = run_dir.join("environments").join(ENVIRONMENT);
    let mut succeeded = Vec::new();
    for command in commands() {
        // A sentence may name the command without its stacks.
        if let [program, name, arguments @ ..] = &*command.words
            && program == "cdk"
            && ["diff", "drift"].contains(&name.as_str())
            && !arguments.is_empty()
        {
            cdk.run_documented(name, arguments, &environments, |line| report.progress.note(line)).await?;
            succeeded.push(format!("{}: {}", command.place, command.text));
        }
    }
    expect_eq("whether the documents have such commands", &succeeded.is_empty(), &false)?;
    Ok(succeeded.join("\n"))
}

/// `<host>:<port>` of a URL.
fn authority(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}
