//! The alarms of an environment, as CloudWatch has them.
//!
//! The SDK's crate of CloudWatch would add a feature to the SDK that the functions are built with, too. So the one call is
//! made with the SDK's signer.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use domain::Timestamp;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::exit::Failure;
use crate::output::time;
use crate::session::Session;

/// The variable that overrides CloudWatch's address, as for the SDK.
const ENDPOINT: &str = "AWS_ENDPOINT_URL_CLOUDWATCH";
/// The headers of the JSON protocol (`GraniteServiceVersion20100801`, version 1.0).
const CALL: [(&str, &str); 2] =
    [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "GraniteServiceVersion20100801.DescribeAlarms")];
/// The time limit of a call.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest page of CloudWatch.
const PAGE: usize = 100;

/// An alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Alarm {
    name: String,
    description: String,
    /// `ALARM`, `OK` or `INSUFFICIENT_DATA`.
    state: String,
    reason: String,
    /// The time since when it has the state.
    since: Option<String>,
}

/// A page of CloudWatch's response.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    #[serde(default)]
    metric_alarms: Vec<Described>,
    #[serde(default)]
    composite_alarms: Vec<Described>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    alarm_name: String,
    #[serde(default)]
    alarm_description: String,
    #[serde(default)]
    alarm_actions: Vec<String>,
    state_value: String,
    #[serde(default)]
    state_reason: String,
    /// Seconds since 1970.
    #[serde(default)]
    state_updated_timestamp: Value,
}

/// The alarms that notify a topic of the environment, those in state `ALARM` first.
pub(crate) async fn alarms(session: &Session) -> Result<Vec<Alarm>, Failure> {
    let client = Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()?;
    let mut alarms = BTreeMap::new();
    for topic in &session.installation.alarm_topic_arns {
        let of_topic = of_topic(described(session, &client, topic).await?, topic);
        // An alarm may notify several topics.
        alarms.extend(of_topic.map(|alarm| ((alarm.state != "ALARM", alarm.name.clone()), alarm)));
    }
    Ok(alarms.into_values().collect())
}

/// Every alarm of the topic's region with an action that begins with `topic`.
async fn described(session: &Session, client: &Client, topic: &str) -> Result<Vec<Described>, Failure> {
    // arn:<partition>:sns:<region>:…
    let region = topic.split(':').nth(3).unwrap_or_default();
    let mut described = Vec::new();
    let mut next_token = None;
    loop {
        let query = json!({
            "ActionPrefix": topic,
            "AlarmTypes": ["MetricAlarm", "CompositeAlarm"],
            "MaxRecords": PAGE,
            "NextToken": next_token,
        });
        let page: Page = serde_json::from_slice(&call(session, client, region, query.to_string()).await?)
            .map_err(|error| format!("CloudWatch's list of alarms cannot be read: {error}"))?;
        described.extend(page.metric_alarms.into_iter().chain(page.composite_alarms));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(described);
        }
    }
}

/// Calls `DescribeAlarms` in `region`.
async fn call(session: &Session, client: &Client, region: &str, query: String) -> Result<Vec<u8>, Failure> {
    let configured = std::env::var(ENDPOINT).ok().or_else(|| session.sdk.endpoint_url().map(ToOwned::to_owned));
    let url = configured.unwrap_or_else(|| format!("https://monitoring.{region}.amazonaws.com"));
    let url = format!("{}/", url.trim_end_matches('/'));
    let provider = session.sdk.credentials_provider().ok_or("there are no AWS credentials")?;
    let identity = provider.provide_credentials().await?.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("monitoring")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()?
        .into();
    let signable = SignableRequest::new("POST", &url, CALL.into_iter(), SignableBody::Bytes(query.as_bytes()))?;
    let (signature, _) = sign(signable, &parameters)?.into_parts();
    let headers = CALL.into_iter().chain(signature.headers());
    let request = headers.fold(client.post(&url), |request, (name, value)| request.header(name, value));
    let response = request.body(query).send().await.map_err(|error| format!("reading the alarms: {error}"))?;
    let (status, body) = (response.status(), response.bytes().await?);
    if status.is_success() {
        return Ok(body.to_vec());
    }
    let text = String::from_utf8_lossy(&body);
    let needed = format!("cloudwatch:DescribeAlarms on arn:aws:cloudwatch:{region}:*:alarm:*");
    Err(format!("reading the alarms: CloudWatch answered {status}: {text}. It needs {needed}").into())
}

/// The alarms among `described` that notify `topic`.
fn of_topic(described: Vec<Described>, topic: &str) -> impl Iterator<Item = Alarm> {
    let of_topic = described.into_iter().filter(move |alarm| alarm.alarm_actions.iter().any(|action| action == topic));
    of_topic.map(|alarm| Alarm {
        name: alarm.alarm_name,
        description: alarm.alarm_description,
        state: alarm.state_value,
        reason: alarm.state_reason,
        since: since(&alarm.state_updated_timestamp),
    })
}

/// The time of CloudWatch's JSON, in seconds since 1970.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time of this century")]
fn since(seconds: &Value) -> Option<String> {
    seconds.as_f64().map(|seconds| time(Timestamp::from_millis((seconds * 1_000.0) as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alarms_of_the_topic_are_listed() {
        let alarm = |name: &str, state: &str, topic: &str| {
            json!({
                "AlarmName": name, "StateValue": state, "StateReason": "Threshold crossed", "AlarmActions": [topic],
                "AlarmDescription": "…", "StateUpdatedTimestamp": 1_795_687_200.5,
            })
        };
        let page = json!({
            "MetricAlarms": [alarm("a", "OK", "topic"), alarm("b", "ALARM", "topic"), alarm("c", "ALARM", "other")],
            "CompositeAlarms": [alarm("d", "INSUFFICIENT_DATA", "topic")],
        });
        let page: Page = serde_json::from_value(page).unwrap();
        let described = page.metric_alarms.into_iter().chain(page.composite_alarms).collect();
        let alarms: Vec<_> = of_topic(described, "topic").collect();
        let states: Vec<_> = alarms.iter().map(|alarm| (alarm.name.as_str(), alarm.state.as_str())).collect();
        assert_eq!(states, [("a", "OK"), ("b", "ALARM"), ("d", "INSUFFICIENT_DATA")]);
        assert_eq!(alarms[0].since.as_deref(), Some("2026-11-26T10:00:00Z"));
    }

    #[test]
    fn an_alarm_without_a_description_or_a_time_is_listed() {
        let described = json!({"AlarmName": "a", "StateValue": "OK", "AlarmActions": ["topic"]});
        let alarm = of_topic(vec![serde_json::from_value(described).unwrap()], "topic").next().unwrap();
        assert_eq!((alarm.name.as_str(), alarm.since), ("a", None));
    }
}
