//! The notification of operators.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Environment;
use super::rules::{NotAllowed, is_account};

/// The region in which AWS keeps CloudFront's metrics and web ACLs.
pub const CLOUDFRONT_REGION: &str = "us-east-1";

/// The notification of operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// ARN of an existing SNS topic; without it, the pipeline stack makes one.
    pub topic_arn: Option<String>,
    /// ARN of an existing SNS topic in us-east-1, for the alarm on the errors of CloudFront.
    pub cloudfront_topic_arn: Option<String>,
    /// The subscribers of the topics that the stacks make. Each confirms by a link.
    #[serde(default)]
    pub emails: Vec<String>,
}

/// The topic of the alarms in one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlarmTopic<'a> {
    /// An existing one, with this ARN.
    Existing(&'a str),
    /// One that the stack makes, with these subscribers.
    New(&'a [String]),
}

impl Environment {
    /// The topic of the alarms in the environment's region.
    #[must_use]
    pub fn alarm_topic(&self) -> AlarmTopic<'_> {
        self.alarms.topic_arn.as_deref().map_or(AlarmTopic::New(&self.alarms.emails), AlarmTopic::Existing)
    }

    /// The topic of the alarm on the errors of CloudFront: an alarm notifies a topic of its own region. `None`: the
    /// configuration names no operator there, and there is no such alarm.
    #[must_use]
    pub fn cloudfront_alarm_topic(&self) -> Option<AlarmTopic<'_>> {
        let Alarms { topic_arn, cloudfront_topic_arn, emails } = &self.alarms;
        let in_region = topic_arn.as_ref().filter(|_| self.region == CLOUDFRONT_REGION);
        match cloudfront_topic_arn.as_ref().or(in_region) {
            Some(arn) => Some(AlarmTopic::Existing(arn)),
            None if emails.is_empty() => None,
            None => Some(AlarmTopic::New(emails)),
        }
    }
}

/// The first value that is not allowed.
pub(super) fn not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let Alarms { topic_arn, cloudfront_topic_arn, emails } = &environment.alarms;
    if let Some(arn) = topic_arn.as_ref().filter(|arn| !is_topic(arn, &environment.region)) {
        let allowed = format!("the ARN of an SNS topic in {}, the environment's region", environment.region);
        return Some(NotAllowed::new("alarms.topic_arn", format!("{arn:?}"), allowed));
    }
    if let Some(arn) = cloudfront_topic_arn.as_ref().filter(|arn| !is_topic(arn, CLOUDFRONT_REGION)) {
        let allowed = format!("the ARN of an SNS topic in {CLOUDFRONT_REGION}, the region of CloudFront's metrics");
        return Some(NotAllowed::new("alarms.cloudfront_topic_arn", format!("{arn:?}"), allowed));
    }
    if topic_arn.is_some() && !emails.is_empty() {
        let allowed = "none beside alarms.topic_arn, whose owner subscribes";
        return Some(NotAllowed::new("alarms.emails", format!("{emails:?}"), allowed));
    }
    let email = emails.iter().find(|email| !is_email(email))?;
    Some(NotAllowed::new("alarms.emails", format!("{email:?}"), "addresses, for example operators@example.com"))
}

fn is_topic(text: &str, region: &str) -> bool {
    let parts: Vec<_> = text.split(':').collect();
    matches!(parts[..], ["arn", _, "sns", in_region, account, name]
        if in_region == region && is_account(account) && !name.is_empty())
}

fn is_email(text: &str) -> bool {
    let is_plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'@');
    text.split_once('@').is_some_and(|(name, host)| is_plain(name) && is_plain(host))
}
