//! Attacks on the deployed API: none purges, none writes, each is told why, and no secret is in a log.

mod paths;
mod requests;
mod tokens;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::StatusCode;
use serde_json::json;

use crate::figures;
use local_cloud::LocalCloud;
use local_cloud::admin::{AdminApi, ApiResponse};
use local_cloud::checkout::Checkout;
use local_cloud::report::Cause;
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use super::fixture::{EDITED, Fixture, LOCATION, PURGED_BY_HAND, UNTOUCHED};
use super::observation::{Unmet, expect_eq, expect_seen};

/// How long the tokens are good for that are right in all but one thing.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// How long a purge or a write by the stream would take to be seen.
const SEEN_WITHIN: Duration = Duration::from_secs(3);
/// What no response may say: what things are called inside, and what they are made of.
const INTERNALS: [&str; 12] = [
    "dynamodb",
    "s3://",
    "arn:",
    "-lof-images-",
    "#lease",
    "127.0.0.1",
    "localhost",
    "Exception",
    "Traceback",
    "panicked",
    ".rs:",
    "SdkError",
];

/// One request that must be rejected.
#[derive(Debug, Clone)]
struct Attack {
    /// What is wrong with it.
    what: String,
    method: &'static str,
    /// What follows the stage, as it is sent.
    target: String,
    /// The value of `Authorization`, if it has one.
    authorization: Option<String>,
    body: Vec<u8>,
    /// The expected status.
    expected: StatusCode,
}

impl Attack {
    fn new(what: impl Into<String>, method: &'static str, target: impl Into<String>, expected: StatusCode) -> Self {
        let (what, target) = (what.into(), target.into());
        Self { what, method, target, authorization: None, body: Vec::new(), expected }
    }

    fn bearer(self, token: &str) -> Self {
        Self { authorization: Some(format!("Bearer {token}")), ..self }
    }

    fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }
    }

    /// Sends it, and says what is wrong with the response, if anything is.
    async fn carry_out(&self, api: &AdminApi) -> Result<Option<String>, Cause> {
        let headers = ["content-type: application/json".to_owned()];
        let authorization = self.authorization.iter().map(|value| format!("authorization: {value}"));
        let headers: Vec<_> = headers.into_iter().chain(authorization).collect();
        let response = api.send_raw(self.method, &self.target, &headers, &self.body).await?;
        if response.status == self.expected && has_reason(&response) {
            return Ok(None);
        }
        let Self { what, method, target, expected, .. } = self;
        Ok(Some(format!("{what} ({method} {target:.80}): expected {expected} with a reason, got {response}")))
    }
}

/// Whether a response says why, to people, and nothing about the inside.
fn has_reason(ApiResponse { body, .. }: &ApiResponse) -> bool {
    // The gateway, which is not ours, says it without `error` around it.
    let reason = body["error"]["message"].as_str().or_else(|| body["message"].as_str()).unwrap_or_default();
    (1..=600).contains(&reason.chars().count()) && !INTERNALS.iter().any(|inside| reason.contains(inside))
}

/// Step: everything that somebody might try on the purge and on the management API.
pub(super) async fn rejected(
    fixture: &Fixture<'_>,
    cloud: &LocalCloud,
    checkout: &Checkout,
) -> Result<((), String), Cause> {
    let api = cloud.admin_api()?;
    let good = cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let attacks = [tokens::attacks(cloud).await?, paths::attacks(&good), requests::attacks(&good)].concat();

    let upload = presigned_signature(fixture).await?;
    let before = fixture.observer.everything_written().await?;
    let mut wrong = Vec::new();
    for attack in &attacks {
        wrong.extend(attack.carry_out(&api).await?);
    }
    expect_eq("the responses that are wrong", &wrong, &vec![])?;
    // Purging takes a moment, and so does the stream.
    tokio::time::sleep(SEEN_WITHIN).await;
    expect_untouched(fixture, &before).await?;
    let lines = expect_no_secrets(fixture, &attacks, &upload).await?;

    let count = attacks.len();
    let numbers = json!({"attacks": count, "rejected": count, "purged": 0, "written": 0});
    figures::write(checkout, "attacks", &numbers)?;
    fixture.timeline.add(Part::AdminApi, format!("rejected {count} attacks"));
    Ok(((), format!("{count} attacks: {count} rejected, 0 purged, 0 written; no secret in {lines} lines of the logs")))
}

/// Has an upload signed, which writes nothing, and gives its signature: a secret that the response carries.
async fn presigned_signature(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let response = fixture.editor.prepare_upload(PURGED_BY_HAND, LOCATION, 1_000, "image/png").await?.succeeded()?;
    let url = response.body["url"].as_str().unwrap_or_default();
    let signature = url.split(['?', '&']).find_map(|parameter| parameter.strip_prefix("X-Amz-Signature="));
    Ok(signature.ok_or("a presigned upload has no signature")?.to_owned())
}

/// Demands that the tables, the invalidations and the caches are what they were.
async fn expect_untouched(fixture: &Fixture<'_>, before: &[HashMap<String, AttributeValue>]) -> Result<(), Cause> {
    let after = fixture.observer.everything_written().await?;
    let new: Vec<_> = after.iter().filter(|item| !before.contains(item)).collect();
    let gone: Vec<_> = before.iter().filter(|item| !after.contains(item)).collect();
    expect_eq("what the attacks wrote", &new, &vec![])?;
    expect_eq("what the attacks removed or changed", &gone, &vec![])?;
    for tenant in [&fixture.acme, &fixture.globex] {
        let invalidations = fixture.observer.invalidations(&tenant.distribution_id).await?;
        expect_eq(&format!("{}'s invalidations", tenant.id), &invalidations, &vec![])?;
    }
    let images = [
        (&fixture.acme, PURGED_BY_HAND, Colour::Amber),
        (&fixture.acme, EDITED, Colour::Red),
        (&fixture.acme, UNTOUCHED, Colour::Green),
        (&fixture.globex, EDITED, Colour::Green),
    ];
    for (tenant, pack, colour) in images {
        let seen = tenant.viewer.fetch(pack, LOCATION).await?;
        expect_seen(&format!("{}/{pack}", tenant.id), &seen, Cache::Hit, colour)?;
    }
    Ok(())
}

/// Demands that no function logged a token or a signature, and counts the lines.
async fn expect_no_secrets(fixture: &Fixture<'_>, attacks: &[Attack], signature: &str) -> Result<usize, Cause> {
    let events = fixture.observer.logs("ImageManagement").await?;
    let is_logged =
        events.iter().any(|event| event.message().is_some_and(|line| line.contains("a request is rejected")));
    expect_eq("whether image-management logs what it rejects", &is_logged, &true)?;

    let logs = fixture.observer.logs("").await?;
    // A token is worth nothing without its last part.
    let tokens = attacks.iter().filter_map(|attack| attack.authorization.as_deref()?.rsplit_once('.'));
    let secrets = tokens.map(|(_, last)| last).filter(|last| last.len() > 20);
    let secrets: Vec<_> = secrets.chain([signature, "X-Amz-Signature", "Bearer "]).collect();
    for line in logs.iter().filter_map(|event| event.message()) {
        if secrets.iter().any(|secret| line.contains(secret)) {
            return Err(Unmet::new("no token and no signature in a log".to_owned(), format!("the line {line}")).into());
        }
    }
    Ok(logs.len())
}
