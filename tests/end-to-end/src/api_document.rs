//! The OpenAPI document against the deployed API: schemathesis generates valid and invalid requests from it, and checks that
//! every response is what the document says.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;

use crate::figures;
use local_cloud::LocalCloud;
use local_cloud::cause::{Cause, Context as _};
use local_cloud::checkout::Checkout;
use local_cloud::expectation::{UnmetError, expect_eq, wait_for};
use local_cloud::observer::described;
use local_cloud::report::{Report, StepError};

/// The tenant and its packs, as in `schemathesis.toml`.
const TENANT: &str = "acme";
const PACKS: [&str; 2] = ["cat", "dog"];
/// The seed of the generated requests. The same seed and document generate the same ones.
const SEED: u32 = 4711;
/// The most requests that are generated for each operation and phase.
const EXAMPLES_MAX: u32 = 25;
/// The time after which schemathesis begins no further requests.
const TIME_MAX: Duration = Duration::from_secs(50);
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
    report.check("the packs of the requests exist", prepared(cloud)).await?;
    report.check("the API serves its OpenAPI document", served(cloud, checkout)).await?;
    report.check("the API keeps to its OpenAPI document", checked(cloud, checkout, run_dir)).await?;
    report.check("the purges that these requests began are completed", completed(cloud)).await
}

/// Step: the packs that `schemathesis.toml` names are created, unless the scenario has done so.
async fn prepared(cloud: &LocalCloud) -> Result<String, Cause> {
    let editor = cloud.management_api(TENANT)?;
    for pack in PACKS {
        editor.ensure_image(pack, "main").await?;
    }
    Ok(format!("{} of {TENANT}", PACKS.join(" and ")))
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
async fn checked(cloud: &LocalCloud, checkout: &Checkout, run_dir: &Path) -> Result<String, Cause> {
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
        .args(["--max-time", &TIME_MAX.as_secs().to_string(), "--generation-database", "none"])
        .arg("--report-json-path")
        .arg(&results)
        .env("API_TOKEN", cloud.token(&[TENANT], TOKEN_VALID_FOR)?)
        .env("API_HOST", host)
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = command.output().await.context("schemathesis could not be started; run `make setup`")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
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
