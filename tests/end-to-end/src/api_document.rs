//! The OpenAPI document against the deployed API: schemathesis generates valid and invalid requests from it, and checks that
//! every response is what the document says.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::{figures, logs};
use local_cloud::LocalCloud;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::observer::described;
use local_cloud::report::{Report, StepError};
use local_cloud::test_image::{Colour, Encoding, ORIGINAL_SIZE, photograph};

/// The tenant of the requests, and the packs that exist before them, as in `schemathesis.toml`. No other part uses them.
const TENANT: &str = "globex";
const PACKS: [&str; 4] = ["edited", "kept", "removed", UPLOADED];
/// The pack whose image at `main` is uploaded to S3.
const UPLOADED: &str = "uploaded";
/// The locations of the images.
const LOCATIONS: [&str; 2] = ["main", "poster"];
/// The seed of the generated requests. The same seed, document and responses generate the same ones.
const SEED: u32 = 4711;
/// The most requests that are generated for each operation and phase.
const EXAMPLES_MAX: u32 = 8;
/// The validity of the admin's token.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The time limit for the purges that the requests have begun. The schedule starts a purge run every minute.
const COMPLETED_WITHIN: Duration = Duration::from_mins(4);

/// Plays the requests, and waits for the purges that they begin.
pub(crate) async fn play(
    cloud: &LocalCloud,
    checkout: &Checkout,
    run_dir: &Path,
    report: &Report,
) -> Result<(), StepError> {
    let prepared = async { Ok((prepared(cloud).await?, String::new())) };
    let upload_id = &report.step("the packs of the requests exist", prepared).await?;
    report.check("the API serves its OpenAPI document", served(cloud, checkout)).await?;
    report.check("the API keeps to its OpenAPI document", checked(cloud, checkout, run_dir, upload_id)).await?;
    report.check("the purges that these requests began are completed", completed(cloud)).await
}

/// Step: the packs that `schemathesis.toml` names are created. Returns the id of the upload.
async fn prepared(cloud: &LocalCloud) -> Result<String, Cause> {
    let editor = cloud.management_api(TENANT)?;
    let (image, content_type) =
        (photograph(Colour::Red, ORIGINAL_SIZE, Encoding::Jpeg, 1)?, Encoding::Jpeg.content_type());
    for pack in PACKS {
        editor.create_pack(pack, pack).await?.succeeded()?;
        for location in LOCATIONS {
            editor.upload_original(pack, location, image.clone(), content_type).await?.succeeded()?;
        }
    }
    let pack = editor.upload_presigned(UPLOADED, LOCATIONS[0], image, content_type).await?.succeeded()?.body;
    let upload_id = pack["imageLocations"][LOCATIONS[0]]["original"]["uploadId"].as_str();
    Ok(upload_id.ok_or_else(|| format!("the pack should have an uploadId: {pack}"))?.to_owned())
}

/// Step: the deployed API serves the document of the checkout.
async fn served(cloud: &LocalCloud, checkout: &Checkout) -> Result<String, Cause> {
    let token = cloud.token(&[TENANT], TOKEN_VALID_FOR)?;
    let served = cloud.admin_api()?.openapi(&token).await?.succeeded()?.body;
    let committed: Value = serde_json::from_slice(&std::fs::read(checkout.root().join("docs/openapi.json"))?)?;
    expect_eq("whether the served document is docs/openapi.json", &(served == committed), &true)?;
    let paths = served["paths"].as_object().map_or(0, serde_json::Map::len);
    Ok(format!("GET /openapi.json: {paths} paths"))
}

/// Step: schemathesis sends the requests.
async fn checked(cloud: &LocalCloud, checkout: &Checkout, run_dir: &Path, upload_id: &str) -> Result<String, Cause> {
    let api = cloud.admin_api()?;
    let (_, host_and_stage) = api.url().split_once("://").unwrap_or_default();
    let (host, stage) = host_and_stage.split_once('/').unwrap_or_default();
    let results = run_dir.join("schemathesis.json");
    let mut command = Command::new(checkout.root().join(".venv/bin/schemathesis"));
    command
        .current_dir(run_dir)
        .arg("--config-file")
        .arg(checkout.root().join("tests/end-to-end/schemathesis.toml"))
        .arg("run")
        .arg(checkout.root().join("docs/openapi.json"))
        // The host is not in the DNS; the config sends it as a header.
        .args(["--url", &format!("https://{}/{stage}", api.address()), "--no-color"])
        .arg("--tls-verify")
        .arg(cloud.parts.ministack.certificate().path())
        .args(["--seed", &SEED.to_string(), "--max-examples", &EXAMPLES_MAX.to_string()])
        // Without a time: with one, schemathesis generates requests until it is over.
        .args(["--generation-database", "none"])
        .arg("--report-json-path")
        .arg(&results)
        .env("API_TOKEN", cloud.token(&[TENANT], TOKEN_VALID_FOR)?)
        .env("API_HOST", host)
        .env("UPLOAD_ID", upload_id)
        .env("IMAGE_URL", cloud.parts.images.url("blue.png"))
        .env("SCHEMATHESIS_HOOKS", checkout.root().join("tests/end-to-end/schemathesis_hooks.py"))
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await.context("schemathesis could not be started; run `make setup`")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // A response does not name the cause of a 5xx.
        let failures = logs::lines(cloud, "").await?.into_iter().map(|line| line.message);
        let failures: Vec<_> = failures.filter(|message| message.contains("The request failed.")).collect();
        let text = format!("{text}\n{}", failures.join("\n"));
        return Err(UnmetError::new(format!("no failure with seed {SEED}"), text).into());
    }
    let results: Value = serde_json::from_slice(&std::fs::read(results)?)?;
    // Requests that are all rejected would show little.
    for (operation, phases) in results["valid_rates"].as_object().into_iter().flatten() {
        let accepted = phases.as_object().into_iter().flatten().filter_map(|(_, phase)| phase["accepted"].as_u64());
        expect_eq(&format!("whether {operation} was accepted"), &(accepted.sum::<u64>() > 0), &true)?;
    }
    let [requests, failures] = ["generated", "with_failures"].map(|name| results["test_cases"][name].clone());
    let operations = results["operations"]["tested"].clone();
    figures::write(checkout, "openapi", &json!({"seed": SEED, "requests": requests, "failures": failures}))?;
    Ok(format!("seed {SEED}: {requests} requests to {operations} operations, {failures} failures"))
}

/// Step: the queue is empty again, so that the parts that follow begin as they expect.
async fn completed(cloud: &LocalCloud) -> Result<String, Cause> {
    let observer = cloud.observer()?;
    wait_for("an empty queue", COMPLETED_WITHIN, async || {
        let queue = observer.queue().await?;
        Ok(if queue.is_empty() { Ok("the queue is empty".to_owned()) } else { Err(described(&queue)) })
    })
    .await
}
