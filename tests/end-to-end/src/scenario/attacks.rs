//! Attacks on the deployed API: each must be rejected with a reason, purge nothing, write nothing and log no secret. And
//! a flood of suffixes, which must render nothing and store nothing.

mod paths;
mod raw_request;
mod requests;
mod suffixes;
mod tokens;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use reqwest::StatusCode;
use serde_json::json;

use crate::{figures, logs};
use local_cloud::admin::ApiResponse;
use local_cloud::cause::Cause;
use local_cloud::checkout::Checkout;
use local_cloud::test_image::Colour;
use local_cloud::timeline::Part;
use local_cloud::viewer::Cache;

use raw_request::RawClient;
pub(super) use suffixes::suffixes;

use super::fixture::{EDITED, Fixture, LOCATION, PURGED_MANUALLY, UNTOUCHED};
use local_cloud::expectation::{UnmetError, expect_eq, expect_seen};

/// The validity of the tokens that are valid except for one claim.
const TOKEN_VALID_FOR: Duration = Duration::from_mins(10);
/// The time after which a purge or a write by the stream would be visible.
const SEEN_WITHIN: Duration = Duration::from_secs(3);
/// Internal names, which no response may contain.
const INTERNALS: [&str; 13] = [
    "dynamodb",
    "s3://",
    "arn:",
    "-lof-images-",
    "#lease",
    "#wake-up",
    "127.0.0.1",
    "localhost",
    "Exception",
    "Traceback",
    "panicked",
    ".rs:",
    "SdkError",
];

/// The body of the request that purges all images of a tenant.
const EVERYTHING: &str = r#"{"everything": true}"#;

/// One request that must be rejected.
#[derive(Debug, Clone)]
struct Attack {
    /// The defect of the request.
    what: String,
    method: &'static str,
    /// The path and query after the stage.
    target: String,
    /// The value of `Authorization`.
    authorization: Option<String>,
    body: Vec<u8>,
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

    /// Sends the request. Returns the deviation of the response from the expected one, if there is one.
    async fn carry_out(&self, client: &RawClient) -> Result<Option<String>, Cause> {
        let authorization = self.authorization.iter().map(|value| format!("authorization: {value}\r\n"));
        let headers = authorization.fold("content-type: application/json\r\n".to_owned(), |all, one| all + &one);
        let response = client.send(self.method, &self.target, &headers, &self.body).await?;
        if response.status == self.expected && has_reason(&response) {
            return Ok(None);
        }
        let Self { what, method, target, expected, .. } = self;
        Ok(Some(format!("{what} ({method} {target:.80}): expected {expected} with a reason, got {response}")))
    }
}

/// Whether a response has a readable reason without internal names.
fn has_reason(response: &ApiResponse) -> bool {
    let reason = response.message().unwrap_or_default();
    (1..=600).contains(&reason.chars().count()) && !INTERNALS.iter().any(|inside| reason.contains(inside))
}

/// Step: the attacks on the purge and on the management API.
pub(super) async fn rejected(fixture: &Fixture<'_>, checkout: &Checkout) -> Result<String, Cause> {
    let cloud = fixture.cloud;
    let client = RawClient::new(cloud)?;
    let good = cloud.token(&["acme"], TOKEN_VALID_FOR)?;
    let attacks = [tokens::attacks(cloud).await?, paths::attacks(&good), requests::attacks(&good)].concat();

    let upload = presigned_signature(fixture).await?;
    let before = fixture.observer.everything_written().await?;
    let mut wrong = Vec::new();
    for attack in &attacks {
        wrong.extend(attack.carry_out(&client).await?);
    }
    expect_eq("the responses that are wrong", &wrong, &vec![])?;
    tokio::time::sleep(SEEN_WITHIN).await;
    expect_untouched(fixture, &before).await?;
    let lines = expect_no_secrets(fixture, &attacks, &upload).await?;

    let count = attacks.len();
    let numbers = json!({"attacks": count, "rejected": count, "purged": 0, "written": 0});
    figures::write(checkout, "attacks", &numbers)?;
    fixture.timeline.add(Part::AdminApi, format!("rejected {count} attacks"));
    Ok(format!("{count} attacks: {count} rejected, 0 purged, 0 written; no secret in {lines} lines of the logs"))
}

/// The signature of a presigned upload: a secret in a response. Signing writes nothing.
async fn presigned_signature(fixture: &Fixture<'_>) -> Result<String, Cause> {
    let response = fixture.editor.prepare_upload(PURGED_MANUALLY, LOCATION, 1_000, "image/png").await?.succeeded()?;
    let url = response.body["url"].as_str().unwrap_or_default();
    let signature = url.split(['?', '&']).find_map(|parameter| parameter.strip_prefix("X-Amz-Signature="));
    Ok(signature.ok_or("a presigned upload has no signature")?.to_owned())
}

/// Checks that the tables, the invalidations and the caches are unchanged.
async fn expect_untouched(fixture: &Fixture<'_>, before: &[HashMap<String, AttributeValue>]) -> Result<(), Cause> {
    let after = fixture.observer.everything_written().await?;
    let new: Vec<_> = after.iter().filter(|item| !before.contains(item)).collect();
    let gone: Vec<_> = before.iter().filter(|item| !after.contains(item)).collect();
    expect_eq("what the attacks wrote", &new, &vec![])?;
    expect_eq("what the attacks removed or changed", &gone, &vec![])?;
    for tenant in [&fixture.acme, &fixture.globex] {
        let invalidations = fixture.observer.invalidations(&tenant.distribution).await?;
        expect_eq(&format!("{}'s invalidations", tenant.id), &invalidations, &vec![])?;
    }
    let images = [
        (&fixture.acme, PURGED_MANUALLY, Colour::Amber),
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

/// Checks that no function logged a token or a signature, and counts the lines.
async fn expect_no_secrets(fixture: &Fixture<'_>, attacks: &[Attack], signature: &str) -> Result<usize, Cause> {
    let lines = logs::lines(fixture.cloud, "ImageManagement").await?;
    let is_logged = lines.iter().any(|line| line.message.contains("request rejected"));
    expect_eq("whether image-management logs its rejections", &is_logged, &true)?;

    let lines = logs::lines(fixture.cloud, "").await?;
    // A token is useless without its last part.
    let tokens = attacks.iter().filter_map(|attack| attack.authorization.as_deref()?.rsplit_once('.'));
    let secrets = tokens.map(|(_, last)| last).filter(|last| last.len() > 20);
    let secrets: Vec<_> = secrets.chain([signature, "X-Amz-Signature", "Bearer "]).collect();
    if let Some(line) = lines.iter().find(|line| secrets.iter().any(|secret| line.message.contains(secret))) {
        let seen = format!("the line {}", line.message);
        return Err(UnmetError::new("no token and no signature in a log".to_owned(), seen).into());
    }
    Ok(lines.len())
}
