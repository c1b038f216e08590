//! Checks: their verdicts, and how they are printed.

use std::fmt;

use contract::names::{Distribution, Installation};
use domain::TenantId;
use serde::Serialize;

use crate::output::{ERROR, OK};

/// One check of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// The tenant, or the stack `pipeline`.
    pub(crate) subject: String,
    /// The requirement.
    pub(crate) requirement: &'static str,
    /// The observation.
    pub(crate) found: String,
    /// The next step of an operator; `None`: the requirement holds.
    pub(crate) action: Option<String>,
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, requirement, found, action } = self;
        match action {
            None => write!(f, "{OK}ok{OK:#}      {subject}: {requirement}: {found}."),
            Some(action) => write!(f, "{ERROR}FAILED{ERROR:#}  {subject}: {requirement}: {found}. {action}."),
        }
    }
}

/// The checks of one tenant or stack.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    name: String,
    environment: String,
    /// The stack that registers the tenant.
    tenant_stack: String,
}

/// The observation of a requirement that holds, or that of one that does not, with the next step.
pub(crate) type Verdict = Result<String, (String, String)>;

impl Subject {
    pub(crate) fn new(name: &impl ToString, environment: &str) -> Self {
        let name = name.to_string();
        Self { tenant_stack: format!("{environment}/tenant-{name}"), name, environment: environment.to_owned() }
    }

    /// The tenant, as it is registered. In multi-tenant mode, the stack of its shard registers it.
    pub(crate) fn of_tenant(tenant: &TenantId, registered: Option<&Distribution>, environment: &str) -> Self {
        let subject = Self::new(tenant, environment);
        match registered.and_then(|registered| registered.distribution_tenant_id.as_ref()) {
            None => subject,
            Some(_) => Self { tenant_stack: format!("'{environment}/tenants-*'"), ..subject },
        }
    }

    pub(crate) fn check(&self, requirement: &'static str, verdict: Verdict) -> Check {
        let (found, action) = match verdict {
            Ok(found) => (found, None),
            Err((found, action)) => (found, Some(action)),
        };
        Check { subject: self.name.clone(), requirement, found, action }
    }

    /// The command that deploys the stack of the tenant.
    pub(crate) fn deploy_tenant(&self) -> String {
        self.deploy_stack(&self.tenant_stack)
    }

    /// The commands that deploy `stack` and find differences from what was deployed, as a next step.
    pub(crate) fn deploy(&self, stack: &str) -> String {
        self.deploy_stack(&format!("{}/{stack}", self.environment))
    }

    fn deploy_stack(&self, stack: &str) -> String {
        let of = format!("--context environment={} {stack}", self.environment);
        format!("Deploy it again: cdk deploy {of}. If nothing changes, find what was changed by hand: cdk drift {of}")
    }
}

/// The verdict of a call that failed.
pub(crate) fn failed(error: &impl ToString) -> Verdict {
    let action = "Check the credentials, the region (AWS_REGION) and the permissions (docs/runbook.md)";
    Err((format!("the check failed: {}", error.to_string()), action.to_owned()))
}

/// The verdict on the subscriptions of the alarms' topic.
pub(crate) fn subscriptions(topic: &str, confirmed: u32, pending: u32) -> Verdict {
    match (confirmed, pending) {
        (1.., 0) => Ok(format!("topic {topic}: {confirmed} confirmed")),
        (1.., _) => Ok(format!("topic {topic}: {confirmed} confirmed, and {pending} that wait for it")),
        (0, 0) => Err((
            format!("topic {topic} has no subscription: an alarm reaches no operator"),
            "Add addresses to [alarms] emails and deploy the pipeline stack, or subscribe to the topic".to_owned(),
        )),
        (0, _) => Err((
            format!("topic {topic} has {pending} subscriptions, none of them confirmed"),
            "Each subscriber has to open the link in the message from AWS".to_owned(),
        )),
    }
}

/// The verdict on a schedule or a mapping, whose `state` must be `enabled`; `None`: it does not exist.
pub(crate) fn state(subject: &Subject, name: &str, state: Option<&str>, enabled: &str) -> Verdict {
    match state {
        Some(state) if state == enabled => Ok(format!("{name} is {state}")),
        Some(state) => Err((
            format!("{name} is {state} instead of {enabled}"),
            "Enable it in the console, or wait if a deployment is changing it".to_owned(),
        )),
        None => Err((format!("{name} does not exist"), subject.deploy("pipeline"))),
    }
}

/// A distribution, as CloudFront has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployed {
    pub(crate) cache_tag_header: Option<String>,
    /// The host names of the distribution, or of the distribution tenant.
    pub(crate) hosts: Vec<String>,
}

/// The verdict on the tag header of a tenant's distribution. `None`: the distribution does not exist. A distribution that
/// existed before may read another header, which another image service sends.
pub(crate) fn tag_header(
    subject: &Subject,
    registered: &Distribution,
    deployed: Option<&Deployed>,
    expected: Option<&str>,
) -> Verdict {
    let Distribution { distribution_id: id, cache_tags, .. } = registered;
    let header = match deployed {
        None => return Err((format!("distribution {id} does not exist"), subject.deploy_tenant())),
        Some(deployed) => deployed.cache_tag_header.as_deref(),
    };
    match (header, expected) {
        _ if !cache_tags => Ok(format!("distribution {id} is registered without cache tags and is purged by paths")),
        (Some(header), Some(expected)) if header.eq_ignore_ascii_case(expected) => {
            Ok(format!("distribution {id} reads {header}, which image-processing sends"))
        }
        (Some(header), None) => Ok(format!("distribution {id} reads {header}")),
        (Some(header), Some(expected)) => Err((
            format!("distribution {id} reads {header}, but image-processing sends {expected}"),
            subject.deploy_tenant(),
        )),
        (None, _) => Err((
            format!("distribution {id} reads no cache-tag header: purges by tags have no effect"),
            subject.deploy_tenant(),
        )),
    }
}

/// The verdict on the host names of a tenant's registered distribution.
pub(crate) fn host(
    subject: &Subject,
    installation: &Installation,
    tenant: &TenantId,
    id: &str,
    deployed: &Deployed,
) -> Verdict {
    let host = installation.viewer_host(tenant);
    if deployed.hosts.contains(&host) {
        return Ok(format!("distribution {id} serves {host}"));
    }
    let found =
        format!("distribution {id} serves [{}], not {host}: another one is registered", deployed.hosts.join(", "));
    Err((found, subject.deploy_tenant()))
}

/// The verdict on the tags of a response of image-processing: the value of its cache-tag header, and the tags that a purge
/// of the image may name.
pub(crate) fn tags(subject: &Subject, header: &str, sent: Option<&str>, expected: &str) -> Verdict {
    let sent: Vec<_> = sent.into_iter().flat_map(|sent| sent.split(',')).map(str::trim).collect();
    let missing: Vec<_> = expected.split(',').filter(|tag| !sent.contains(tag)).collect();
    if missing.is_empty() {
        return Ok(format!("image-processing sends {header}: {}", sent.join(",")));
    }
    let found = format!("the {header} of image-processing lacks {}: a purge of them has no effect", missing.join(","));
    Err((found, subject.deploy("pipeline")))
}

#[cfg(test)]
mod tests;
