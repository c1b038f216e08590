//! The commands of `imagecache` that show and begin purges, and those of the dead letters, against the local deployment.

pub(crate) mod permissions;
mod terminal;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use local_cloud::cause::Cause;
use local_cloud::expectation::{UnmetError, expect_eq, expect_seen, wait_for};
use local_cloud::report::{Report, StepError};
use local_cloud::test_image::{Colour, Encoding, photograph};
use local_cloud::viewer::Cache;
use local_cloud::{LocalCloud, Tenant};
use serde_json::{Value, json};

use crate::imagecache::{Ended, run, run_with};
use crate::verification::installation;

const TENANT: &str = "acme";
const PACK: &str = "commands-cat";
const OTHER: &str = "commands-dog";
const LOCATION: &str = "main";

/// The time limit of purges that the command does not wait for.
const PURGED_WITHIN: Duration = Duration::from_mins(2);

/// Plays the commands.
pub(crate) async fn play(cloud: &LocalCloud, run_dir: &Path, report: &Report) -> Result<(), StepError> {
    let tenant = &report.step("two images are in the cache", warm(cloud)).await?;
    report.check("imagecache status shows each tenant and the quotas", status(cloud)).await?;
    report.check("imagecache purge waits until a pack is purged, and no other", purge(cloud, tenant)).await?;
    report.check("imagecache history and cost know that purge", known(cloud)).await?;
    report.check("imagecache purge only previews what spans packs", previews(cloud)).await?;
    report.check("imagecache queue and watch follow the purges of stdin", follow(cloud)).await?;
    report.check("imagecache purges a location with consent", location(cloud, tenant)).await?;
    report.check("imagecache dead-letters lists, replays and discards", dead_letters(cloud)).await?;
    report.check("imagecache why, check and doctor find nothing wrong", healthy(cloud, tenant)).await?;
    // A terminal is the same in both modes.
    if !cloud.is_multi_tenant() {
        terminal::play(cloud, tenant, report).await?;
    }
    let name = "each command runs with the permissions of the runbook, and names one that is missing";
    report.check(name, permissions::suffice(cloud)).await?;
    report.check("so do those that recover", permissions::suffice_to_recover(cloud)).await?;
    report.check("and the console", permissions::console(cloud, run_dir)).await
}

async fn warm(cloud: &LocalCloud) -> Result<(Tenant, String), Cause> {
    let (editor, tenant) = (cloud.management_api(TENANT)?, cloud.tenant(TENANT)?);
    for (pack, colour) in [(PACK, Colour::Red), (OTHER, Colour::Blue)] {
        let image = photograph(colour, (320, 180), Encoding::Jpeg, 1)?;
        editor.create_image(pack, LOCATION, image, Encoding::Jpeg.content_type()).await?;
        let first = tenant.viewer.fetch(pack, LOCATION).await?;
        expect_seen(pack, &first, Cache::Miss, colour)?;
        expect_seen(pack, &tenant.viewer.fetch(pack, LOCATION).await?, Cache::Hit, colour)?;
    }
    Ok((tenant, String::new()))
}

async fn status(cloud: &LocalCloud) -> Result<String, Cause> {
    let status = objects(&run(cloud, &["status", "--output", "json"]).await?.expect(true, &[])?)?;
    let [status] = &status[..] else { return Err(format!("{status:?} is not one status").into()) };
    let tenants: BTreeSet<_> =
        status["tenants"].as_array().into_iter().flatten().filter_map(|one| one["tenant"].as_str()).collect();
    expect_eq("the tenants of the status", &tenants, &BTreeSet::from(["acme", "globex"]))?;
    expect_eq("the quota of items a second", &status["itemsPerSecond"]["quota"], &json!(150))?;
    Ok(run(cloud, &["status"]).await?.expect(true, &["TENANT", "acme", "rows wait"])?.text)
}

async fn purge(cloud: &LocalCloud, tenant: &Tenant) -> Result<String, Cause> {
    let ended = run(cloud, &["purge", TENANT, PACK]).await?;
    let text =
        ended.expect(true, &["Queued for acme: 1.", "pack#commands-cat", "final", "Completed", "operator:"])?.text;
    expect_seen(PACK, &tenant.viewer.fetch(PACK, LOCATION).await?, Cache::Miss, Colour::Red)?;
    expect_seen(OTHER, &tenant.viewer.fetch(OTHER, LOCATION).await?, Cache::Hit, Colour::Blue)?;
    let unknown = run(cloud, &["purge", TENANT, "commands-cta"]).await?;
    unknown.expect(false, &["acme has no image pack commands-cta"])?;
    run(cloud, &["purge", "unknown-tenant", PACK]).await?.expect(false, &["unknown-tenant is not registered"])?;
    Ok(text)
}

async fn known(cloud: &LocalCloud) -> Result<String, Cause> {
    let history =
        run(cloud, &["history", TENANT, PACK, "--since", "1h", "--output", "json"]).await?.expect(true, &[])?;
    let purges: Vec<_> =
        objects(&history)?.into_iter().filter(|purge| purge["target"] == "pack#commands-cat").collect();
    let newest = purges.first().ok_or("the history has no purge of the pack")?;
    expect_eq("whether the newest purge is final", &newest["isFinal"], &json!(true))?;
    expect_eq("its reasons", &newest["reasons"], &json!(["manual"]))?;
    expect_eq("whether it was early, too", &purges.iter().any(|purge| purge["isFinal"] == false), &true)?;
    let of_tenant = run(cloud, &["history", TENANT, "--limit", "3"]).await?.expect(true, &["STARTED"])?;
    let cost = run(cloud, &["cost", "--output", "json"]).await?.expect(true, &[])?;
    let shares = objects(&cost)?[0]["shares"].clone();
    let manual = |share: &Value| share["tenant"] == TENANT && share["reasons"] == json!(["manual"]);
    let items =
        shares.as_array().into_iter().flatten().find(|share| manual(share)).and_then(|share| share["items"].as_u64());
    expect_eq("whether the two items of the purge are counted", &(items.unwrap_or_default() >= 2), &true)?;
    Ok(format!("{}\n{}", of_tenant.text, run(cloud, &["cost"]).await?.expect(true, &["free ones"])?.text))
}

async fn previews(cloud: &LocalCloud) -> Result<String, Cause> {
    let withheld = run(cloud, &["purge", TENANT, "--location", LOCATION]).await?;
    let text = withheld.expect(false, &["#acme/location/main", "Nothing is purged", "--yes"])?.text;
    run(cloud, &["purge", TENANT, "--whole-tenant", "--dry-run"]).await?.expect(true, &["#acme"])?;
    expect_eq("the queue after previews", &cloud.observer()?.queue().await?, &vec![])?;
    Ok(text)
}

/// Purges two packs from stdin without waiting, and follows them with the other commands.
async fn follow(cloud: &LocalCloud) -> Result<String, Cause> {
    let watch = run(cloud, &["watch", "--for", "40s", "--every", "1s", "--output", "json"]);
    let purge = async {
        let stdin = format!("{PACK}\n\npack#{OTHER}\n");
        let ended = run_with(cloud, &["purge", TENANT, "-", "--no-wait"], &stdin).await?;
        ended.expect(true, &["Queued for acme: 2."])?;
        let queue = run(cloud, &["queue", "--tenant", TENANT, "--target", PACK, "--output", "json"])
            .await?
            .expect(true, &[])?;
        let [row] = &objects(&queue)?[..] else { return Err(Cause::from(format!("{} is not one row", queue.stdout))) };
        expect_eq("the reasons of the row", &row["reasons"], &json!(["manual"]))?;
        let older = run(cloud, &["queue", "--tenant", TENANT, "--older-than", "1h", "--output", "json"]).await?;
        expect_eq("the rows that are older than an hour", &older.expect(true, &[])?.stdout, &String::new())?;
        let table = run(cloud, &["queue", "--tenant", TENANT]).await?.expect(true, &["STATE", "operator:"])?;
        emptied(cloud).await?;
        Ok(table.text)
    };
    let (watched, purged) = tokio::join!(watch, purge);
    let table = purged?;
    let changes = objects(&watched?.expect(true, &[])?)?;
    for target in [PACK, OTHER].map(|pack| format!("pack#{pack}")) {
        let of_target = || changes.iter().filter(|change| change["target"] == target.as_str());
        let is_seen =
            of_target().any(|change| change["from"].is_null()) && of_target().any(|change| change["to"].is_null());
        if !is_seen {
            return Err(
                UnmetError::new(format!("{target} that is queued and leaves"), json!(changes).to_string()).into()
            );
        }
    }
    let last = changes.last().map(ToString::to_string).unwrap_or_default();
    Ok(format!("{table}\n{} changes, the last one: {last}", changes.len()))
}

async fn location(cloud: &LocalCloud, tenant: &Tenant) -> Result<String, Cause> {
    tenant.viewer.fetch(OTHER, LOCATION).await?;
    let ended = run(cloud, &["purge", TENANT, "--location", LOCATION, "--yes"]).await?;
    let text = ended.expect(true, &["location#main", "Completed"])?.text;
    expect_seen(OTHER, &tenant.viewer.fetch(OTHER, LOCATION).await?, Cache::Miss, Colour::Blue)?;
    Ok(text)
}

async fn dead_letters(cloud: &LocalCloud) -> Result<String, Cause> {
    let id = dead_letter(cloud).await?;
    let listed = run(cloud, &["dead-letters", "list"]).await?.expect(false, &["unknown", &id])?;
    run(cloud, &["dead-letters", "replay"]).await?.expect(false, &["0 dead letters replayed, 1 remain"])?;
    run(cloud, &["dead-letters", "discard", &id]).await?.expect(false, &["--yes is required"])?;
    run(cloud, &["dead-letters", "discard", &id, "--yes"]).await?.expect(true, &[&id])?;
    run(cloud, &["dead-letters", "list"]).await?.expect(true, &[])?;
    Ok(listed.text)
}

/// Sends a dead letter of another program, and returns its id.
async fn dead_letter(cloud: &LocalCloud) -> Result<String, Cause> {
    let url = installation(cloud).await?.dead_letter_queue_url;
    let message = json!({"QueueUrl": url, "MessageBody": "{\"source\": \"another program\"}"});
    let sent = cloud.parts.root.json("sqs", "AmazonSQS.SendMessage", &message).await?;
    Ok(sent["MessageId"].as_str().ok_or("SQS returned no id")?.to_owned())
}

/// Explains and checks an image that is current, and examines its tenant.
async fn healthy(cloud: &LocalCloud, tenant: &Tenant) -> Result<String, Cause> {
    tenant.viewer.fetch(PACK, LOCATION).await?;
    let emulator = cloud.parts.emulator.endpoint_url();
    let url = format!("https://{TENANT}.{}/api/v2/img/{PACK}?location={LOCATION}", local_cloud::viewer_domain());
    let mut texts = Vec::new();
    for (arguments, found) in [
        (["why", &url], "Every layer of the image cache has the current image"),
        (["check", &url], "Viewers of this edge get the current image"),
        (["doctor", TENANT], " 0 failed"),
    ] {
        let arguments = [&arguments[..], &["--viewer-endpoint", &emulator]].concat();
        texts.push(run(cloud, &arguments).await?.expect(true, &[found])?.text);
    }
    Ok(texts.join("\n\n"))
}

async fn emptied(cloud: &LocalCloud) -> Result<(), Cause> {
    wait_for("the queue to be empty", PURGED_WITHIN, async || {
        let rows = cloud.observer()?.queue().await?;
        Ok(if rows.is_empty() { Ok(()) } else { Err(format!("{} rows", rows.len())) })
    })
    .await
}

/// The objects on stdout, one in each line.
fn objects(ended: &Ended) -> Result<Vec<Value>, Cause> {
    Ok(ended.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}
