//! The admin's `DELETE` of a pack, and `POST` of several targets.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use domain::Target;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use local_cloud::admin::ApiResponse;
use local_cloud::cause::Cause;
use local_cloud::report::millis;
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::edit_figures::EditFigures;
use super::fixture::{EDITED, Fixture, LOCATION, PURGED_MANUALLY, burst_packs};
use local_cloud::expectation::{expect_eq, expect_seen, wait_for};

/// The validity of an admin's token.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The number of parallel requests to purge one pack.
const DELETES: usize = 10;
/// The number of answers to DELETE that are measured.
const ANSWERS: usize = 30;
/// The time limit for 95 of 100 of them, far above the goal of one second: the machine may be busy. A `DELETE` that waits in vain
/// for the request of another one takes as long.
const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
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
    let invalidations = fixture.observer.invalidations(&fixture.acme.distribution).await?;
    let invalidated = invalidations.iter().filter(|one| one.items.contains(&"#acme/dog".to_owned())).count();
    Ok([queued, purged, invalidated])
}

/// Checks that GET names the queued change of [`EDITED`], the reason why its final purge waits, and until when.
pub(super) async fn expect_pending(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let body = status(fixture, EDITED).await?;
    let pending = &body["pending"][0];
    expect_eq("the target that waits for acme/cat", &pending["target"], &json!("pack#cat"))?;
    for field in ["waitsFor", "settlesAt"] {
        expect_eq(&format!("whether GET has {field}"), &pending[field].is_string(), &true)?;
    }
    let verdict = verdict(&body);
    expect_eq("whether the verdict names the pack", &verdict.contains("pack cat"), &true)?;
    Ok(format!("{verdict} (waits for {}, until {})", pending["waitsFor"], pending["waitsUntil"]))
}

/// Step: an admin reads the state of the purges of [`EDITED`] after every purge was completed.
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

/// Step: an admin of this tenant purges one pack, ten times at once. The request sends the early purge itself. Returns
/// the time of each answer in milliseconds.
pub(super) async fn accepted(fixture: &Fixture<'_>) -> Result<(Vec<u64>, String), Cause> {
    start_workers(fixture).await?;
    let answers = delete_at_once(fixture, PURGED_MANUALLY).await?;
    let responses: Vec<_> = answers.iter().map(|(response, _)| response).collect();
    let ids: BTreeSet<_> = responses.iter().filter_map(|one| one.body["invalidation"]["id"].as_str()).collect();
    expect_eq("the ids of the invalidation in the responses", &ids.len(), &1)?;
    let joined = responses.iter().filter(|response| response.body["joined"] == true).count();
    expect_eq("the requests that joined the purge of another", &joined, &(DELETES - 1))?;
    expect_eq("variantsDeleted", &responses[0].body["variantsDeleted"], &1.into())?;
    let id = ids.first().copied().unwrap_or_default();

    let fresh = wait_for("acme/dog to be purged", EFFECTIVE_WITHIN, async || {
        let seen = fixture.acme.viewer.fetch(PURGED_MANUALLY, LOCATION).await?;
        Ok(if seen.cache == Cache::Miss { Ok(seen) } else { Err(seen.to_string()) })
    })
    .await?;
    expect_seen("acme/dog", &fresh, Cache::Miss, Colour::Amber)?;
    fixture.timeline.add(Part::Viewer, format!("acme/dog: {fresh}, re-rendered"));
    // The final purge may follow already; the early one is that of the responses, of this pack alone.
    let invalidations = fixture.observer.invalidations(&fixture.acme.distribution).await?;
    let early = invalidations.iter().find(|one| one.id == id).map(|one| one.items.clone());
    expect_eq("the items of the invalidation", &early, &Some(vec![format!("#acme/{PURGED_MANUALLY}")]))?;
    let detail = format!("{DELETES} requests: 202, one invalidation {id}, 1 variant deleted; acme/dog: {fresh}");
    Ok((answers.into_iter().map(|(_, ms)| ms).collect(), detail))
}

/// Step: further packs are purged in the same way, until [`ANSWERS`] answers are measured.
pub(super) async fn measured(fixture: &Fixture<'_>, figures: &mut EditFigures) -> Result<String, Cause> {
    let mut packs = burst_packs();
    while figures.delete_ms.len() < ANSWERS
        && let Some(pack) = packs.next()
    {
        let answers = delete_at_once(fixture, &pack).await?;
        figures.delete_ms.extend(answers.into_iter().map(|(_, ms)| ms));
    }
    let p95 = figures.delete_p95_ms();
    expect_eq("whether 95 of 100 answers came in time", &(p95 <= millis(ANSWERED_WITHIN)), &true)?;
    Ok(format!("{ANSWERS} answers, {DELETES} requests at once for each pack: p95 {p95} ms"))
}

/// Step: an admin has packs and a location purged by the purge run.
pub(super) async fn enqueued(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let (api, token) = (fixture.cloud.admin_api()?, fixture.cloud.token(&["acme"], TOKEN_VALID_FOR)?);
    let everything = json!({"everything": true});
    let preview = api.enqueue("acme", &everything, true, &token).await?.succeeded()?.body;
    expect_eq("the item of everything", &preview["wouldInvalidate"]["items"], &json!(["#acme"]))?;
    // Images that no later step expects at an edge.
    let packs: Vec<_> = burst_packs().skip(ANSWERS / DELETES).take(2).collect();
    let targets: Vec<_> =
        packs.iter().map(|pack| format!("pack#{pack}")).chain(["location#poster".to_owned()]).collect();
    let bodies = [json!({"imagePacks": packs}), json!({"location": "poster"})];
    for body in &bodies {
        // A repeated request joins for three of the five seconds of the settle delay.
        for is_joined in [false, true] {
            let response = api.enqueue("acme", body, false, &token).await?.succeeded()?.body;
            let joined: Vec<_> =
                response["targets"].as_array().into_iter().flatten().map(|one| &one["joined"]).collect();
            let expected = json!(is_joined);
            expect_eq(&format!("joined, for {body}"), &joined, &vec![&expected; joined.len().max(1)])?;
        }
    }
    let status = api.tenant_status("acme", &token).await?.succeeded()?.body;
    expect_eq("whether GET shows what waits", &(status["waiting"]["count"].as_u64() >= Some(3)), &true)?;
    let is_final = |row: &Value| row["isFinalPurge"] == true && row["reasons"] == json!(["manual"]);
    let last = wait_for("their final purges", COMPLETED_WITHIN, async || {
        let status = api.tenant_status("acme", &token).await?.succeeded()?.body;
        let rows: Vec<_> =
            status["lastCompleted"].as_array().into_iter().flatten().filter(|row| is_final(row)).collect();
        let is_purged = |target: &str| rows.iter().any(|row| row["target"] == target);
        let is_over = targets.iter().all(|target| is_purged(target.as_str())) && status["waiting"]["count"] == 0;
        Ok(if is_over { Ok(status["lastCompleted"].clone()) } else { Err(status.to_string()) })
    })
    .await?;
    let requesters: BTreeSet<_> =
        last.as_array().into_iter().flatten().map(|row| row["requestedBy"].to_string()).collect();
    let detail = format!("{}: purged early and finally; requested by {requesters:?}", targets.join(", "));
    fixture.timeline.add(Part::AdminApi, format!("POST /purges/acme {detail}"));
    Ok(detail)
}

/// Lets the local AWS start as many processes of image-purge as there are parallel requests. A request that waits for its process
/// for seconds would find the purge completed, ten times as fast as CloudFront completes it, and begin another one.
async fn start_workers(fixture: &Fixture<'_>) -> Result<(), Cause> {
    let token = fixture.cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let mut requests = JoinSet::new();
    for _ in 0..DELETES {
        let (api, token) = (fixture.cloud.admin_api()?, token.clone());
        requests.spawn(async move { api.preview("acme", PURGED_MANUALLY, &token).await?.succeeded().map(drop) });
    }
    requests.join_all().await.into_iter().collect()
}

/// Sends [`DELETES`] parallel requests to purge `pack`, all of which must be accepted. Returns each response with its
/// time in milliseconds.
async fn delete_at_once(fixture: &Fixture<'_>, pack: &str) -> Result<Vec<(ApiResponse, u64)>, Cause> {
    let token = fixture.cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let mut requests = JoinSet::new();
    for _ in 0..DELETES {
        let (api, pack, token) = (fixture.cloud.admin_api()?, pack.to_owned(), token.clone());
        requests.spawn(async move {
            let began = Instant::now();
            let response = api.delete("acme", &pack, Some(&token)).await?;
            Ok::<_, Cause>((response, millis(began.elapsed())))
        });
    }
    let mut answers = Vec::new();
    while let Some(answer) = requests.join_next().await {
        let (response, ms) = answer??;
        let response = response.succeeded()?;
        expect_eq(&format!("the response to DELETE acme/{pack}"), &response.status, &StatusCode::ACCEPTED)?;
        answers.push((response, ms));
    }
    let described = answers.first().map(|(response, _)| response.to_string()).unwrap_or_default();
    let what = format!("{DELETES} parallel DELETE acme/{pack} with acme's token: {described}");
    fixture.timeline.add(Part::AdminApi, what);
    Ok(answers)
}
