//! The notification of operators.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Environment;
use super::rules::{NotAllowed, is_account};

/// The notification of operators.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alarms {
    /// ARN of an existing SNS topic; without it, the pipeline stack makes one.
    pub topic_arn: Option<String>,
    /// The subscribers of the topic that the stack makes. Each confirms by a link.
    #[serde(default)]
    pub emails: Vec<String>,
}

pub(super) fn not_allowed(environment: &Environment) -> Option<NotAllowed> {
    let Alarms { topic_arn, emails } = &environment.alarms;
    if let Some(arn) = topic_arn.as_ref().filter(|arn| !is_topic(arn, &environment.region)) {
        let allowed = format!("the ARN of an SNS topic in {}, the environment's region", environment.region);
        return Some(NotAllowed::new("alarms.topic_arn", format!("{arn:?}"), allowed));
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
