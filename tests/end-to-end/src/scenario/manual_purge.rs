//! The admin's `DELETE`.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::Target;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::logs;
use local_cloud::admin::ApiResponse;
use local_cloud::cause::Cause;
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::fixture::{EDITED, Fixture, LOCATION, PURGED_MANUALLY};
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};

/// The validity of an admin's token.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The number of parallel requests to purge one pack.
const DELETES: usize = 10;
/// The time limit from CloudFront's acceptance of an invalidation to a viewer. The emulator takes at most 7 seconds, and
/// half a second for 95 of 100; CloudFront takes five for 95 of 100.
const EFFECTIVE_WITHIN: Duration = Duration::from_secs(10);
/// The time after which a purge or a write by the stream would be visible.
const UNTOUCHED_FOR: Duration = Duration::from_secs(2);
/// The time limit for the last purge to be marked completed: by the purge run that sends it, or by the next one.
const COMPLETED_WITHIN: Duration = Duration::from_secs(150);

/// Step: an admin previews a purge, which changes nothing.
pub(super) async fn previewed(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let token = fixture.cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    // Earlier edits are still in the stream: only the pack itself must stay as it is.
    let before = traces(fixture).await?;
    let response = fixture.cloud.admin_api()?.preview("acme", PURGED_MANUALLY, &token).await?.succeeded()?;
    let body = &response.body;
    expect_eq("the items of the dry run", &body["wouldInvalidate"]["items"], &json!(["#acme/dog"]))?;
    expect_eq("the variants of the dry run", &body["wouldDelete"]["variants"], &json!(1))?;
    expect_eq("the price of the dry run", &body["priceUsd"]["together"], &json!(0.01))?;
    tokio::time::sleep(UNTOUCHED_FOR).await;
    expect_eq("the traces of acme/dog", &traces(fixture).await?, &before)?;
    let seen = fixture.acme.viewer.fetch(PURGED_MANUALLY, LOCATION).await?;
    expect_seen("acme/dog", &seen, Cache::Hit, Colour::Amber)?;
    let detail = format!("would purge #acme/dog and 1 variant for US$ 0.01; acme/dog: {seen}");
    fixture.timeline.add(Part::AdminApi, format!("DELETE acme/dog?dryRun=true {detail}"));
    Ok(detail)
}

/// The traces of a purge of the pack: in the queue, in the ledger and at the emulator.
async fn traces(fixture: &Fixture<'_>) -> Result<[usize; 3], Cause> {
    let is_of_it = |target: &Target| target.to_string() == format!("pack#{PURGED_MANUALLY}");
    let queued = fixture.observer.queue().await?.iter().filter(|entry| is_of_it(&entry.target)).count();
    let purged = fixture.observer.ledger().await?.iter().filter(|row| is_of_it(&row.target)).count();
    let invalidations = fixture.observer.invalidations(&fixture.acme.distribution_id).await?;
    let invalidated = invalidations.iter().filter(|one| one.items.contains(&"#acme/dog".to_owned())).count();
    Ok([queued, purged, invalidated])
}

/// Step: an admin reads the state of the purges, before the purge.
pub(super) async fn status_before(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let body = status(fixture, EDITED).await?;
    expect_eq("what waits for acme/cat", &body["pending"][0]["target"], &json!("pack#cat"))?;
    let verdict = verdict(&body);
    expect_eq("whether the verdict names the pack", &verdict.contains("pack cat"), &true)?;
    Ok(verdict)
}

/// Step: the same after every purge was completed.
pub(super) async fn status_after(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let body = wait_for("acme/cat's purge to be completed", COMPLETED_WITHIN, async || {
        let body = status(fixture, EDITED).await?;
        let is_over = body["pending"] == json!([]) && body["running"] == json!([]);
        Ok(if is_over { Ok(body) } else { Err(verdict(&body)) })
    })
    .await?;
    let last = &body["lastCompleted"];
    expect_eq("what was completed last", &last["target"], &json!("pack#cat"))?;
    expect_eq("whether it has a completion time", &last["completedAt"].is_string(), &true)?;
    Ok(verdict(&body))
}

async fn status(fixture: &Fixture<'_>, pack: &str) -> Result<Value, Cause> {
    let token = fixture.cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let response = fixture.cloud.admin_api()?.purge_status("acme", pack, &token).await?.succeeded()?;
    fixture.timeline.add(Part::AdminApi, format!("GET acme/{pack}: {}", verdict(&response.body)));
    Ok(response.body)
}

fn verdict(body: &Value) -> String {
    body["verdict"].as_str().unwrap_or_default().to_owned()
}

/// Step: an admin of this tenant purges one pack, ten times at once, and no purge run is needed.
pub(super) async fn accepted(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let purge_runs = logs::purge_runs(fixture.cloud).await?;
    let responses = delete_at_once(fixture).await?;
    let ids: BTreeSet<_> = responses.iter().map(|one| one.body["invalidation"]["id"].to_string()).collect();
    expect_eq("the ids of the invalidation in the responses", &ids.len(), &1)?;
    let joined = responses.iter().filter(|response| response.body["joined"] == true).count();
    expect_eq("the requests that joined the purge of another", &joined, &(DELETES - 1))?;
    let response = &responses[0];
    expect_eq("variantsDeleted", &response.body["variantsDeleted"], &1.into())?;
    let id = response.body["invalidation"]["id"].as_str().unwrap_or_default();

    let invalidations = fixture.observer.invalidations(&fixture.acme.distribution_id).await?;
    let seen: Vec<_> = invalidations.iter().map(|one| (one.id.as_str(), one.items.as_slice())).collect();
    expect_eq("acme's invalidations", &seen, &vec![(id, ["#acme/dog".to_owned()].as_slice())])?;

    let fresh = wait_for("acme/dog to be purged", EFFECTIVE_WITHIN, async || {
        let seen = fixture.acme.viewer.fetch(PURGED_MANUALLY, LOCATION).await?;
        Ok(if seen.cache == Cache::Miss { Ok(seen) } else { Err(seen.to_string()) })
    })
    .await?;
    expect_seen("acme/dog", &fresh, Cache::Miss, Colour::Amber)?;
    fixture.timeline.add(Part::Viewer, format!("acme/dog: {fresh}, re-rendered"));
    expect_eq("the purge runs since the DELETE", &logs::purge_runs(fixture.cloud).await?, &purge_runs)?;
    Ok(format!(
        "{DELETES} requests: 202, one invalidation {id}, 1 variant deleted; acme/dog: {fresh}, before any purge run"
    ))
}

/// Sends [`DELETES`] parallel requests, all of which must be accepted.
async fn delete_at_once(fixture: &Fixture<'_>) -> Result<Vec<ApiResponse>, Cause> {
    let token = fixture.cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let mut requests = JoinSet::new();
    for _ in 0..DELETES {
        let (api, token) = (fixture.cloud.admin_api()?, token.clone());
        requests.spawn(async move { api.delete("acme", PURGED_MANUALLY, Some(&token)).await });
    }
    let mut responses = Vec::new();
    while let Some(response) = requests.join_next().await {
        let response = response??;
        expect_eq("the response to DELETE acme/dog", &response.status, &StatusCode::ACCEPTED)?;
        responses.push(response);
    }
    let described = responses.first().map(ToString::to_string).unwrap_or_default();
    fixture.timeline.add(Part::AdminApi, format!("{DELETES} parallel DELETE acme/dog with acme's token: {described}"));
    Ok(responses)
}
